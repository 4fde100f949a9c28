/**
 * What the store's threads may use. Their garbage is small objects that hold large buffers: with V8's usual 48 MB for
 * young objects it lies about until a whole collection, which costs more memory and more time.
 */
export const THREAD_LIMITS = { maxYoungGenerationSizeMb: 6 };
