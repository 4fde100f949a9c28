import { en } from '../../resources/locales/en.ts';
import { ja } from '../../resources/locales/ja.ts';

type Stem<K> = K extends `${infer S}.other` ? S : never;
/** A message with one form for one and another for more. */
export type CountKey = Stem<keyof typeof en>;
export type Key = Exclude<keyof typeof en, `${CountKey}.${'one' | 'other'}`>;
type Names<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
type Values<K extends Key> = Names<(typeof en)[K]>;
type Rest<K extends Key> = [Values<K>] extends [never] ? [] : [Record<Values<K>, string | number>];

export type Language = 'en' | 'ja';

const CATALOGUES: Record<Language, Readonly<Record<string, string>>> = { en, ja };
let language = $state<Language>(fromSystem());

/** The language that is shown now, for Intl as well. */
export function currentLanguage(): Language {
  return language;
}

export function showLanguage(wanted: 'system' | Language): void {
  language = wanted === 'system' ? fromSystem() : wanted;
  document.documentElement.lang = language;
}

/** Where the user is in that language, for dates and numbers: `en-GB` where the system says so. */
export function currentLocale(): string {
  return navigator.languages.find((one) => one.toLowerCase().startsWith(language)) ?? language;
}

/** A message in the user's language. */
export function t<K extends Key>(key: K, ...[values]: Rest<K>): string {
  return fill(CATALOGUES[language][key] ?? en[key], values ?? {});
}

/** A message that counts; `{count}` is the number as people write it. */
export function count(stem: CountKey, number: number, values: Record<string, string | number> = {}): string {
  const form = new Intl.PluralRules(language).select(number) === 'one' ? 'one' : 'other';
  const messages = CATALOGUES[language];
  const message = messages[`${stem}.${form}`] ?? messages[`${stem}.other`] ?? stem;
  return fill(message, { ...values, count: new Intl.NumberFormat(language).format(number) });
}

function fill(message: string, values: Record<string, string | number>): string {
  return message.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

function fromSystem(): Language {
  return navigator.language.toLowerCase().startsWith('ja') ? 'ja' : 'en';
}
