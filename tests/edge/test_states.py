"""The states of a line: what leads where, and that nothing but reset and start leads out of Aborted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.states import Command, CommandRefused, LineStates, State

LEADS = {
    State.IDLE: {Command.START: State.EXECUTE, Command.ABORT: State.ABORTED},
    State.EXECUTE: {Command.HOLD: State.HELD, Command.STOP: State.IDLE, Command.ABORT: State.ABORTED},
    State.HELD: {Command.START: State.EXECUTE, Command.STOP: State.IDLE, Command.ABORT: State.ABORTED},
    State.ABORTED: {Command.RESET: State.IDLE},
}
WAY_TO = {
    State.IDLE: (),
    State.EXECUTE: (Command.START,),
    State.HELD: (Command.START, Command.HOLD),
    State.ABORTED: (Command.ABORT,),
}


def states_in(state):
    line = LineStates(0.0)
    for command in WAY_TO[state]:
        line.command(command, "a test", 0.0)
    assert line.state is state
    return line


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("command", Command)
def test_each_command_leads_where_the_table_says_or_is_refused(state, command):
    """A refusal changes nothing, names the state and says what can be done."""
    line = states_in(state)
    after = LEADS[state].get(command)
    assert line.leads(command) == (after is not None)
    if after is None:
        with pytest.raises(CommandRefused, match=f"{command} is refused: the line is {state}; from there it can"):
            line.command(command, "a test", 1.0)
        assert line.state is state
    else:
        done = line.command(command, "a test", 1.0)
        assert (done.before, done.after, done.cause, line.state) == (state, after, "a test", after)
        assert done.sentence == f"the line goes from {state} to {after} ({command}: a test)"


def test_what_stands_against_a_reset_must_be_over_first():
    """An e-stop that is still pressed; when it is released nothing happens by itself."""
    line = states_in(State.ABORTED)
    line.stands({"the e-stop is pressed": Command.ABORT})
    with pytest.raises(CommandRefused, match="reset is refused: the e-stop is pressed; mend that first"):
        line.command(Command.RESET, "a button", 1.0)
    line.stands({})
    assert line.state is State.ABORTED
    assert line.command(Command.RESET, "a button", 2.0).after is State.IDLE


def test_what_stands_against_a_start_does_not_keep_from_a_reset():
    """A jam: the line may leave Aborted, but not start."""
    line = states_in(State.ABORTED)
    line.stands({"jam": Command.HOLD})
    line.command(Command.RESET, "a button", 1.0)
    with pytest.raises(CommandRefused, match="start is refused: jam"):
        line.command(Command.START, "a button", 2.0)
    line.command(Command.ABORT, "something else", 3.0)


def test_the_time_in_each_state_adds_up():
    """To the whole, with the one under way."""
    line = LineStates(10.0)
    line.command(Command.START, "a test", 12.5)
    line.command(Command.HOLD, "a test", 20.0)
    line.command(Command.START, "a test", 21.0)
    assert line.seconds(25.0) == {"Idle": 2.5, "Execute": 11.5, "Held": 1.0}


STEPS = st.one_of(
    st.sampled_from(Command), st.tuples(st.sampled_from(["stands", "over"]), st.sampled_from(["e-stop", "jam"]))
)
AGAINST = {"e-stop": Command.ABORT, "jam": Command.HOLD}


@given(st.lists(STEPS, max_size=30))
def test_no_sequence_leads_from_aborted_to_execute_without_reset_and_start(steps):
    """Whatever is asked and whatever stands: the last two commands that did something were reset, then start."""
    line, done, standing = LineStates(0.0), [], set()
    for at, step in enumerate(steps):
        if not isinstance(step, Command):
            what, name = step
            (standing.add if what == "stands" else standing.discard)(name)
            line.stands({one: AGAINST[one] for one in standing})
            continue
        try:
            done.append(line.command(step, "a test", float(at)))
        except CommandRefused:
            continue
        assert step is not Command.START or not standing
        assert step is not Command.RESET or "e-stop" not in standing
    aborted = [index for index, one in enumerate(done) if one.after is State.ABORTED]
    executed = [index for index, one in enumerate(done) if one.after is State.EXECUTE]
    for begin in aborted:
        later = [index for index in executed if index > begin]
        if later:
            between = [one.command for one in done[begin + 1 : later[0] + 1]]
            assert between[-1] is Command.START
            assert Command.RESET in between
