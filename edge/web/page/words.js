// The words of the page, and how numbers are written.

export const STATES = {
  Idle: "Gates rest until somebody starts the line.",
  Execute: "Parts are sorted.",
  Held: "Gates rest. Start goes on.",
  Aborted: "Gates rest. Mend the cause, then reset and start.",
};

const REASONS = {
  sorted: "sorted",
  below_threshold: "not sure enough",
  unknown: "unlike anything known",
  no_bin: "no bin for it",
  crowded: "too near another part",
  touching: "touches another part",
  odd_size: "of an odd size",
  blurred: "blurred",
  no_eye: "not seen by the photo-eye",
  too_long: "longer than a gate acts",
  out_of_view: "partly out of view",
  lost: "lost from view",
  unclassified: "not looked at in time",
  late: "decided too late",
  gate_resting: "gate had to rest",
  belt: "belt stopped",
  bin_full: "bin is full",
  not_armed: "line not running",
  line_stopped: "line was stopped",
  gate_cut: "gate was cut short",
};

export const reason = (name) => REASONS[name] ?? name.replaceAll("_", " ");
export const plain = (name) => name.replaceAll("_", " ");
export const percent = (share) => `${(100 * share).toFixed(share >= 0.9995 ? 0 : 1)}\u00a0%`;
export const clockTime = (moment) => new Date(moment).toLocaleTimeString();

export function lasting(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export function milliseconds(value) {
  if (value === null) return "–";
  return `${value < 10 ? value.toFixed(2) : value.toFixed(value < 100 ? 1 : 0)}\u00a0ms`;
}
