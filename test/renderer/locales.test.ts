import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { en } from '../../resources/locales/en.ts';
import { ja } from '../../resources/locales/ja.ts';

const RENDERER = path.resolve(import.meta.dirname, '../../renderer');
const holes = (message: string) => [...message.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

describe('the two languages', () => {
  it.each(Object.entries(ja))('fill the same holes: %s', (key, japanese) => {
    expect(holes(japanese)).toEqual(holes(en[key as keyof typeof ja]));
  });

  it('speak calmly', () => {
    const loud = [...Object.values(en), ...Object.values(ja)].filter((message) =>
      /[!!]|\bOK\b/.test(message),
    );
    expect(loud).toEqual([]);
  });

  it('give every message only once', () => {
    for (const one of Object.keys(en).filter((key) => key.endsWith('.one'))) {
      expect(Object.keys(en)).toContain(one.replace(/\.one$/, '.other'));
    }
  });

  it('hold every word that the screens show', () => {
    const words = readdirSync(RENDERER, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.svelte'))
      .flatMap((file) => {
        const markup = readFileSync(path.join(RENDERER, file), 'utf8').replaceAll(
          /<(script|style)[\s\S]*?<\/\1>|<!--[\s\S]*?-->|\{[^{}]*\}/g,
          '',
        );
        return [...markup.matchAll(/>\s*([A-Z][a-z]+ [a-z]+[^<>{}]*)</g)].map(
          ([, text]) => `${file}: ${text}`,
        );
      });
    expect(words).toEqual([]);
  });
});
