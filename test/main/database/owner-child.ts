/** Takes the data folder at argv[2], says so, and holds it until it is killed. */
import { takeOwnership } from '../../../main/database/index.ts';

console.log(takeOwnership(process.argv[2] ?? '') === null ? 'refused' : 'mine');
setInterval(() => {}, 1000);
