export {
  Authentication,
  ConnectionSettings,
  Site,
  SiteDraft,
  SiteEdit,
  SiteSettings,
  SshHop,
  Tag,
} from './site.ts';
export { openSites, placeOf, type Sites, type SitesFile } from './registry.ts';
export { exportSites, importSites, type ImportResult } from './exchange.ts';
