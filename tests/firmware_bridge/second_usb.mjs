// The RP2040's image on another emulated RP2040 (rp2040js), its host at its USB: rp2040js' own CDC class enumerates it.
// Does what a script says when its moment has come, and prints what was heard, as one JSON object.
//
//   node second_usb.mjs RP2040JS IMAGE MILLISECONDS SCRIPT
//   SCRIPT, a JSON list: [microseconds, "say", hex] [microseconds, "drive", pin, level] [microseconds, "plug in again"]
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [rp2040js, image, milliseconds, script] = process.argv.slice(2);
const { Simulator, USBCDC } = await import(pathToFileURL(rp2040js));
const { rp2040, clock } = new Simulator();
const usb = rp2040.usbCtrl;
const levels = [], packets = [], connectedAt = [];
const DATA = 2, PACKET = 64, PACKET_US = 50;
const now = () => clock.nanos / 1000;
const after = (us, action) => clock.createAlarm(action).schedule(us * 1000);

rp2040.logger = { debug() {}, warn() {}, info() {}, error(name, text) { console.error(name, text); } };
rp2040.flash.set(readFileSync(image));
rp2040.core.PC = 0x10000000;
for (const pin of [2, 3, 4, 5]) rp2040.gpio[pin].addListener((state) => levels.push([pin, state, now()]));
usb.readDelayMicroseconds = usb.writeDelayMicroseconds = PACKET_US;

let cdc, waiting, expected;
const sendNext = () => {
  if (!expected || !waiting.length) return;
  expected = false;
  usb.endpointReadDone(DATA, Uint8Array.from(waiting.splice(0, PACKET)));
};
const plugIn = () => {
  cdc = new USBCDC(usb);
  waiting = [];
  expected = false;
  cdc.onSerialData = (data) => packets.push([now(), Buffer.from(data).toString('hex')]);
  // It opens the port with a request to the whole device, which no host does and the board refuses: say it as Linux does.
  cdc.onDeviceConnected = () => {
    connectedAt.push(now());
    after(200, () => usb.sendSetupPacket(Uint8Array.from([0x21, 0x22, 3, 0, 0, 0, 0, 0])));
  };
  // It answers at once with an empty packet when it has nothing to say; a bus just waits.
  const others = usb.onEndpointRead;
  usb.onEndpointRead = (endpoint, size) => {
    if (endpoint !== DATA) return others(endpoint, size);
    expected = true;
    sendNext();
  };
};
const actions = {
  say(hex) {
    waiting.push(...Buffer.from(hex, 'hex'));
    sendNext();
  },
  drive(pin, level) { rp2040.gpio[pin].setInputValue(level); },
  'plug in again'() {
    plugIn();
    usb.resetDevice();
  },
};

plugIn();
for (const [us, action, ...rest] of JSON.parse(script)) after(us, () => actions[action](...rest));
while (clock.nanos < milliseconds * 1e6) {
  if (rp2040.core.waiting) clock.tick(Math.min(clock.nanosToNextAlarm, 1e5));
  else clock.tick(rp2040.core.executeInstruction() * 8);
}
console.log(JSON.stringify({
  connectedAt,
  pll: rp2040.pllUsb.frequency,
  control: rp2040.clocks.usbCtrl,
  divisor: rp2040.clocks.usbDiv,
  endpoints: [cdc.inEndpoint, cdc.outEndpoint],
  address: usb.addrEndp,
  packets,
  levels,
}));
process.exit(0);
