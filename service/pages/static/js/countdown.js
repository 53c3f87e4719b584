/** A wait that is shown second by second and ends by itself. */

/**
 * Call `tick(secondsLeft)` now and every second until 0, counting by the clock, so that a sleeping tab does not lag.
 *
 * @returns a function that stops it.
 */
export function countDown(seconds, tick) {
  const end = Date.now() + seconds * 1000;
  let timer;
  const step = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    if (left === 0) clearInterval(timer);
    tick(left);
  };
  timer = setInterval(step, 1000);
  step();
  return () => clearInterval(timer);
}
