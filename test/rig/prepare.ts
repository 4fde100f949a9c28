/** Prepares what the real servers in the tests need and no package manager installs: the WordPress trees. */
import { wordPressTrees } from './wordpress-trees.ts';

try {
  const { trees } = await wordPressTrees();
  console.log(`WordPress trees: ${trees.map((tree) => tree.version).join(', ')}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
