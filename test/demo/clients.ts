import type { Component } from '../rig/component.ts';
import { badPlugins, goodPlugins, strangePlugins } from '../rig/plugins.ts';
import { meadow, meadowChild } from '../rig/themes.ts';

/** One client of the imagined freelancer, and what their site runs on. */
export interface DemoClient {
  readonly name: string;
  /** The site's own title and tagline. */
  readonly title: string;
  readonly tagline: string;
  /** Which of the demo's servers it is on. */
  readonly server: 'harbour' | 'meadow' | 'studio';
  readonly tags: readonly string[];
  readonly folder: string;
  /** Null: plain files. */
  readonly wordPress: {
    readonly version: string;
    readonly plugins: readonly Component[];
    readonly themes: readonly Component[];
    readonly theme?: string;
  } | null;
}

const { openingHours, eventTickets, photoGallery, aheadOfItsTime } = goodPlugins;
const { diesOnLoad, diesOnTheFrontPage, migratesThenDies } = badPlugins;
const quietTheme = { themes: [meadow.new], theme: 'meadow' } as const;

/** The fleet: eight WordPress sites of four versions and two sites of plain files. */
export const CLIENTS: readonly DemoClient[] = [
  {
    name: 'Hollyhock Bakery',
    title: 'Hollyhock Bakery',
    tagline: 'Bread since 1994',
    server: 'harbour',
    tags: ['shop', 'care plan'],
    folder: 'hollyhock-bakery',
    wordPress: {
      version: '6.4',
      plugins: [openingHours.old, photoGallery.old],
      themes: [meadow.old],
      theme: 'meadow',
    },
  },
  {
    name: 'Brandt & Oyelaran, Solicitors',
    title: 'Brandt & Oyelaran',
    tagline: 'Solicitors in Harbour Street',
    server: 'harbour',
    tags: ['care plan'],
    folder: 'brandt-oyelaran',
    // The update of this one breaks the site.
    wordPress: { version: '6.5', plugins: [diesOnLoad.old, openingHours.new], ...quietTheme },
  },
  {
    name: 'Lindqvist Physiotherapy',
    title: 'Lindqvist Physiotherapy',
    tagline: 'Back on your feet',
    server: 'harbour',
    tags: ['health'],
    folder: 'lindqvist-physio',
    wordPress: { version: '6.3', plugins: [eventTickets.old, openingHours.old], ...quietTheme },
  },
  {
    name: '喫茶なぎさ',
    title: '喫茶なぎさ',
    tagline: '海の見える喫茶店',
    server: 'meadow',
    tags: ['shop', '日本'],
    folder: 'nagisa',
    wordPress: {
      version: '6.2',
      plugins: [diesOnTheFrontPage.old],
      themes: [meadow.old, meadowChild],
      theme: 'meadow-child',
    },
  },
  {
    name: 'Riverside Bicycle Repairs',
    title: 'Riverside Bicycle Repairs',
    tagline: 'We fix it while you wait',
    server: 'meadow',
    tags: ['shop'],
    folder: 'riverside-bikes',
    // Nothing waits here.
    wordPress: { version: '6.5', plugins: [openingHours.new], ...quietTheme },
  },
  {
    name: 'Atelier Moreau',
    title: 'Atelier Moreau',
    tagline: 'Architecture and interiors',
    server: 'meadow',
    tags: ['care plan', 'design'],
    folder: 'atelier-moreau',
    wordPress: {
      version: '6.4',
      plugins: [strangePlugins.premium, aheadOfItsTime.old],
      themes: [meadow.old],
      theme: 'meadow',
    },
  },
  {
    name: "St Brigid's Primary School",
    title: "St Brigid's Primary School",
    tagline: 'Learning together',
    server: 'studio',
    tags: ['school'],
    folder: 'st-brigids',
    wordPress: { version: '6.3', plugins: [photoGallery.old], ...quietTheme },
  },
  {
    name: 'Green Lane Farm Shop',
    title: 'Green Lane Farm Shop',
    tagline: 'From our fields',
    server: 'studio',
    tags: ['shop'],
    folder: 'green-lane',
    // The update of this one changes its table first, then dies.
    wordPress: { version: '6.5', plugins: [migratesThenDies.old, eventTickets.old], ...quietTheme },
  },
  {
    name: 'Tinker Museum',
    title: 'Tinker Museum',
    tagline: 'Two hundred years of clever things',
    server: 'studio',
    tags: ['museum'],
    folder: 'tinker-museum',
    wordPress: null,
  },
  {
    name: 'Quayside Chamber Choir',
    title: 'Quayside Chamber Choir',
    tagline: 'Tuesdays at seven',
    server: 'harbour',
    tags: ['music'],
    folder: 'quayside-choir',
    wordPress: null,
  },
];

/** What the stand-in for wordpress.org has to offer to this fleet. */
export const OFFERED: readonly Component[] = [
  ...[
    openingHours,
    eventTickets,
    photoGallery,
    aheadOfItsTime,
    diesOnLoad,
    diesOnTheFrontPage,
    migratesThenDies,
  ].map((release) => release.new),
  meadow.new,
];
