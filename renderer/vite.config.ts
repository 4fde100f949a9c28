import path from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

/** How the renderer is built, for every shell alike. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [svelte({ configFile: false, compilerOptions: { runes: true } })],
  build: {
    outDir: path.resolve(import.meta.dirname, '..', 'out', 'renderer'),
    emptyOutDir: true,
    // Nothing inline: the content policy allows only our own files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    minify: true,
    rolldownOptions: { input: path.join(import.meta.dirname, 'index.html') },
  },
});
