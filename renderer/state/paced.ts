/** Work that is done at once when it is asked for, and, however often it is asked for meanwhile, once more after each `pace` milliseconds. */
export function paced(work: () => void, pace: number): () => void {
  let rests = false;
  let again = false;
  const ask = (): void => {
    again = rests;
    if (rests) return;
    rests = true;
    work();
    setTimeout(() => {
      rests = false;
      if (again) ask();
    }, pace);
  };
  return ask;
}
