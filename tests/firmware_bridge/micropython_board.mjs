// A board that is MicroPython itself, with the twin's own files and stand-in pins, driven by the lines that
// firmware/host/es_child.c understands:  node micropython_board.mjs MICROPYTHON FOLDER
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [micropython, folder] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(micropython));
const mp = await loadMicroPython({ heapsize: 4 * 1024 * 1024 });
for (const name of ['es_messages', 'es_line', 'es_gates', 'es_twin'])
  mp.FS.writeFile(`/${name}.py`, readFileSync(`${folder}/${name}.py`, 'utf8'));
mp.runPython(`
import sys
sys.path.insert(0, "/")
from binascii import hexlify, unhexlify
from es_gates import MASK
from es_twin import Twin

said, tick, twin = [], 0, None

class Pin:
    OUT = 1
    def __init__(self, number):
        self.number = number
    def init(self, mode, value):
        self.value(value)
    def value(self, level):
        said.append("w %d %d %d" % (tick, self.number, level))

def write(data):
    said.append("b " + hexlify(data).decode())

def start(reset, at):
    global tick, twin
    tick = at
    twin = Twin(write, lambda number: Pin(number) if 2 <= number < 23 else None, reset, tick)

def go_on(us, step):
    global tick
    twin.poll(tick)
    while us > 0:
        some = min(us, step)
        us -= some
        tick = (tick + some) & MASK
        twin.poll(tick)

def take(line):
    words = line.split()
    said.clear()
    if words[0] == "start":
        start(int(words[1]), int(words[2]))
    elif words[0] == "pass":
        go_on(int(words[1]), int(words[2]))
    elif words[0] == "receive":
        twin.feed(unhexlify(words[1]), tick)
        twin.poll(tick)
    return "\\n".join(said + [". %d" % tick])
`);
const take = mp.globals.get('take');
for await (const line of createInterface({ input: process.stdin })) process.stdout.write(take(line) + '\n');
process.exit(0);
