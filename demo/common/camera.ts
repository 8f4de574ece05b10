import { pixelsFrom } from 'bagssl/data';
import type { Pixels } from 'bagssl/patches';
import { cameraTrouble } from './explain.ts';

/** A live camera. */
export interface Camera {
  /** What it shows now; layout `rgba`. */
  still(): Promise<Pixels>;
  /** Lets go of it, so that its light goes out. */
  close(): void;
}

/**
 * Asks for the camera, the one away from the user where there are two, and shows it in a video.
 * @param onEnd gets the trouble when it ends by itself, unplugged or taken away; it is closed then
 * @throws Trouble that says why there is none
 */
export async function openCamera(video: HTMLVideoElement, onEnd: (trouble: Error) => void): Promise<Camera> {
  const { mediaDevices } = navigator;
  if (!mediaDevices?.getUserMedia) throw cameraTrouble('insecure');
  let stream: MediaStream;
  try {
    stream = await mediaDevices.getUserMedia({
      video: { facingMode: 'environment', width: { ideal: 640 }, height: { ideal: 480 } },
    });
  } catch (cause) {
    throw cameraTrouble((cause as DOMException).name, cause);
  }
  const close = () => {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  const ended = () => {
    close();
    onEnd(cameraTrouble('ended'));
  };
  for (const track of stream.getTracks()) track.onended = ended; // not when it is stopped by `close`
  video.srcObject = stream;
  video.muted = true;
  video.playsInline = true;
  try {
    await video.play();
  } catch (cause) {
    close();
    throw cameraTrouble((cause as DOMException).name, cause);
  }
  return { still: () => pixelsFrom(video), close };
}
