// An emulated Pico in lock step: a line of JSON in, a line out. Nothing looks at a wall clock.
//
//   node board.mjs FOLDER FSIMAGE PIN,PIN,... XIP_MISS [PIN]     the last one is held low
//   {"to": ns, "send": hex, "set": [[pin, level], ...]}
//                              pins are driven and bytes come to the board now; run to a time, or to the first bytes
//                              that come back
//   -> {"ns": now, "out": [[ns, hex], ...], "frames": [{pin, t0, t1, bits, t0h, t1h, per, bytes}, ...],
//       "spi": [{number, t0, t1, bytes}, ...]}    what the SPIs sent, cut where nothing came for 0.3 us
import { createInterface } from 'node:readline';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, image, pins, miss, low] = process.argv.slice(2);
const { Pico, decodeWS2812 } = await import(pathToFileURL(path.resolve(folder, 'pico.mjs')).href);
const pico = new Pico({ xipMiss: +miss });
pico.loadFirmware(process.env.RP2_FIRMWARE);
pico.loadFs(image);
const edges = new Map(pins.split(',').map((pin) => [+pin, pico.watchPin(+pin)]));
const spi = [];
pico.bootHooks.push((p) => (p.mcu.adc.channelValues = [0, 0, 0, 2069, 876])); // VSYS of 5 V, 27 C
pico.bootHooks.push((p) => p.mcu.spi.forEach((unit, number) => {
  const done = p.clock.createAlarm(() => unit.completeTransmit(0));
  unit.onTransmit = (byte) => {
    const took = (unit.dataBits * 1e9) / unit.clockFrequency;
    const last = spi.findLast((s) => s.number === number);
    if (last && p.nanos - last.t1 < 300) last.bytes.push(byte), (last.t1 = p.nanos + took);
    else spi.push({ number, t0: p.nanos, t1: p.nanos + took, bytes: [byte] });
    done.schedule(took);
  };
}));
pico.boot();
if (low) pico.setPin(+low, false);
let out = [];
pico.onData = (data, ns) => out.push([ns, Buffer.from(data).toString('hex')]);

for await (const line of createInterface({ input: process.stdin })) {
  const ask = JSON.parse(line);
  for (const [pin, level] of ask.set ?? []) pico.setPin(pin, level);
  const begun = pico.nanos;
  if (ask.send) pico.cdc.send(Buffer.from(ask.send, 'hex'));
  pico.runTo(ask.to, () => out.length > 0, 200);
  const frames = [];
  for (const [pin, list] of edges) {
    if (!list.length || pico.nanos - list[list.length - 1][0] < 60000) continue; // one is still on the wire
    for (const f of decodeWS2812(list)) {
      frames.push({ pin, t0: f.t0, t1: f.t1, bits: f.nbits, t0h: f.t0h, t1h: f.t1h, per: f.per, bytes: Buffer.from(f.bytes).toString('hex') });
    }
    list.length = 0;
  }
  const sent = spi.splice(0, spi.findLastIndex((s) => pico.nanos - s.t1 > 2000) + 1);
  for (const s of sent) s.bytes = Buffer.from(s.bytes).toString('hex');
  process.stdout.write(JSON.stringify({ spi: sent, begun, ns: pico.nanos, out, frames, halted: !!pico.halted }) + '\n');
  out = [];
}
