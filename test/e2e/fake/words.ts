/** So that the sample fleet is the same each time. */
export { seeded } from '../../rig/random.ts';

const FIRST = [
  'Harbour',
  'Molen',
  'Nakamura',
  'Lindqvist',
  'Aurora',
  'Castell',
  'Birch & Rye',
  'Northgate',
  'Sólarí',
  'Okonkwo',
  'Fern',
  'Bluebell',
  'Kessler',
  'Marlow',
  'Tanaka',
  'Oakfield',
  'Petrichor',
  'Ravel',
  'Saltmarsh',
  'Thistle',
  'Umber',
  'Valencia',
  'Wren',
  'Yarrow',
  'Zimmer',
  'Ashdown',
  'Brightwater',
  'Copperhill',
  'Dovetail',
] as const;

const SECOND = [
  'Yoga',
  'Bakery',
  'Dental',
  'Architects',
  'Brewing',
  'Festival',
  'Law',
  'Veterinary',
  'Ceramics',
  'Physio',
  'Cycles',
  'Wines',
  'Montessori',
  'Travel',
  'Florist',
  'Furniture',
  'Coaching',
  'Optics',
  'Sailing',
  'Records',
] as const;

/** The nth name of a client, and the domain of their site. Never the same twice below 580. */
export function clientName(index: number): { name: string; domain: string } {
  const round = Math.floor(index / (FIRST.length * SECOND.length));
  const name = `${FIRST[index % FIRST.length]} ${SECOND[((index % FIRST.length) * 7 + Math.floor(index / FIRST.length)) % SECOND.length]}`;
  const full = round === 0 ? name : `${name} ${round + 1}`;
  const plain = full
    .normalize('NFD')
    .replaceAll(/\p{Mn}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-');
  return { name: full, domain: `${plain}.example` };
}

type Plugin = readonly [slug: string, name: string, from: string, to: string, author: string];

/** Plugins as they might lie on a site: what is there, and what is newest. */
export const PLUGINS: readonly Plugin[] = [
  ['akismet', 'Akismet Anti-spam', '5.2', '5.3.5', 'Automattic'],
  ['woocommerce', 'WooCommerce', '8.9.1', '9.4.2', 'Automattic'],
  ['contact-form-7', 'Contact Form 7', '5.9.6', '6.0', 'Takayuki Miyoshi'],
  ['wordpress-seo', 'Yoast SEO', '23.1', '23.9', 'Team Yoast'],
  ['advanced-custom-fields', 'Advanced Custom Fields', '6.3.1', '6.3.11', 'WP Engine'],
  ['elementor', 'Elementor', '3.21.8', '3.25.6', 'Elementor.com'],
  ['wp-super-cache', 'WP Super Cache', '1.12.4', '1.12.4', 'Automattic'],
  ['redirection', 'Redirection', '5.4.2', '5.5.1', 'John Godley'],
  ['classic-editor', 'Classic Editor', '1.6.3', '1.6.7', 'WordPress Contributors'],
  ['wordfence', 'Wordfence Security', '7.11.5', '8.0.1', 'Wordfence'],
  ['updraftplus', 'UpdraftPlus', '1.24.3', '1.24.11', 'TeamUpdraft'],
  ['really-simple-ssl', 'Really Simple Security', '9.0.2', '9.1.2', 'Really Simple Plugins'],
];
