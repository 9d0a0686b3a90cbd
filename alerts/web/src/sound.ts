// A call for red alerts. Browsers let a page sound only after somebody touched it: whether that
// is so is told before the first alert, not after.

let context: AudioContext | null = null;
let muted = localStorage.getItem('vedette-muted') === 'yes';
const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of listeners) listener();
}

export function onSoundChange(listener: () => void): void {
  listeners.add(listener);
}

/** Opens the sound if the browser lets us; to be called at every touch of the page. */
export async function openSound(): Promise<void> {
  context ??= new AudioContext();
  if (context.state === 'suspended') await Promise.race([context.resume(), new Promise((r) => setTimeout(r, 200))]);
  tell();
}

export function soundIsBlocked(): boolean {
  return !muted && context?.state !== 'running';
}

export function soundIsMuted(): boolean {
  return muted;
}

export function toggleSound(): void {
  muted = !muted;
  localStorage.setItem('vedette-muted', muted ? 'yes' : 'no');
  tell();
}

/** Two soft falling tones, twice: heard across a room, frightens nobody. */
export function callOut(): void {
  if (muted || context?.state !== 'running') return;
  const at = context.currentTime + 0.02;
  [[880, 0], [660, 0.16], [880, 0.5], [660, 0.66]].forEach(([hertz, delay]) => {
    const tone = context!.createOscillator();
    const gain = context!.createGain();
    tone.type = 'triangle';
    tone.frequency.value = hertz!;
    gain.gain.setValueAtTime(0, at + delay!);
    gain.gain.linearRampToValueAtTime(0.3, at + delay! + 0.015);
    gain.gain.exponentialRampToValueAtTime(0.001, at + delay! + 0.24);
    tone.connect(gain).connect(context!.destination);
    tone.start(at + delay!);
    tone.stop(at + delay! + 0.26);
  });
}
