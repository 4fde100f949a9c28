import { aTheme, type Component, type Release } from './component.ts';

const footer = (version: string): string =>
  `add_action('wp_footer', function () { echo '<p class="meadow">Meadow ${version}</p>'; });`;

/** A classic theme whose update goes well. */
export const meadow: Release = {
  old: aTheme({ slug: 'meadow', name: 'Meadow', version: '1.4', code: footer('1.4') }),
  new: aTheme({
    slug: 'meadow',
    name: 'Meadow',
    version: '1.5',
    code: footer('1.5'),
    changes: 'Softer greens.',
  }),
};

/** A child of Meadow. */
export const meadowChild: Component = aTheme({
  slug: 'meadow-child',
  name: 'Meadow for us',
  version: '1.0',
  parent: 'meadow',
});

/** A theme whose update dies on every page. */
export const brokenTheme: Release = {
  old: aTheme({ slug: 'harbour', name: 'Harbour', version: '2.0' }),
  new: aTheme({
    slug: 'harbour',
    name: 'Harbour',
    version: '2.1',
    code: 'harbour_function_that_is_not_there();',
  }),
};
