import { en } from '../../../resources/locales/en.ts';
import { ja } from '../../../resources/locales/ja.ts';

type TrayKey = Extract<keyof typeof en, `tray.${string}`>;
type TrayStem = TrayKey extends infer K ? (K extends `${infer Stem}.other` ? Stem : never) : never;
type PlainKey = Exclude<TrayKey, `${TrayStem}.${'one' | 'other'}`>;

/** What the tray and the toasts say, in one language. */
export type Words = {
  say(key: PlainKey): string;
  count(stem: TrayStem, number: number): string;
};

/** The words for a preference; `system` follows the system's own language. */
export function wordsFor(preference: 'system' | 'en' | 'ja', systemLocale: string): Words {
  const language =
    preference === 'system' ? (systemLocale.toLowerCase().startsWith('ja') ? 'ja' : 'en') : preference;
  const messages: Readonly<Record<string, string>> = language === 'ja' ? ja : en;
  const plural = new Intl.PluralRules(language);
  const number = new Intl.NumberFormat(language);
  return {
    say: (key) => messages[key] ?? en[key],
    count(stem, value) {
      const form = plural.select(value) === 'one' ? 'one' : 'other';
      const message = messages[`${stem}.${form}`] ?? messages[`${stem}.other`] ?? en[`${stem}.other`];
      return message.replace('{count}', number.format(value));
    },
  };
}
