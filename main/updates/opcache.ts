/**
 * Milliseconds after a swap until PHP has looked at the files again. OPcache looks after more than
 * `opcache.revalidate_freq` whole seconds (2 unless configured): until then the code from before the swap may run.
 */
export const OPCACHE = 3300;
