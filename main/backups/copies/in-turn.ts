/** Does work for each, some at once. The first failure ends it when what has begun is over. */
export async function inTurn<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const hand = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      try {
        await work(item);
      } catch (error) {
        queue.length = 0;
        throw error;
      }
    }
  };
  const hands = await Promise.allSettled(Array.from({ length: atOnce }, hand));
  for (const ended of hands) if (ended.status === 'rejected') throw ended.reason;
}
