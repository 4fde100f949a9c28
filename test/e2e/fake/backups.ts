import type { Backup, BackupEntry } from '../../../main/backups/index.ts';
import { BackupId } from '../../../main/words/index.ts';
import type { SampleSite } from './fleet.ts';

const DAY = 86_400_000;

/** A picture of 24 × 24 pixels, for the preview. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAABgAAAAYCAIAAABvFaqvAAAEP0lEQVR42gXBMQtEAACAUf/EZDKZTCbDl8lkMjFQioFSbqCuGCjFQCkG6orBYDAY/LZ7TxBdJBfZRXFRXTQX3cVwMV0sF9vFcfFdQpfEJXMpXEqXxqVzGV1ml81ldxFED8lD9lA8VA/NQ/cwPEwPy8P2cDx8j9Aj8cg8Co/So/HoPEaP2WPz2D0EMUAKkAOUADVAC9ADjAAzwAqwA5wAPyAMSAKygCKgDGgCuoAxYA7YAvYAQYyQIuQIJUKN0CL0CCPCjLAi7Agnwo8II5KILKKIKCOaiC5ijJgjtog9QhBjpBg5RolRY7QYPcaIMWOsGDvGifFjwpgkJospYsqYJqaLGWPmmC1mjxHEFClFTlFS1BQtRU8xUswUK8VOcVL8lDAlSclSipQypUnpUsaUOWVL2VME8YP0Qf6gfFA/aB/0D8YH84P1wf7gfPA/hB+SD9mH4kP5ofnQfRg/zB+2D/sHQcyRcuQcJUfN0XL0HCPHzLFy7Bwnx88Jc5KcLKfIKXOanC5nzJlztpw9RxC/SF/kL8oX9Yv2Rf9ifDG/WF/sL84X/0v4JfmSfSm+lF+aL92X8cv8ZfuyfxHECqlCrlAq1AqtQq8wKswKq8KucCr8irAiqcgqioqyoqnoKsaKuWKr2CsEsUaqkWuUGrVGq9FrjBqzxqqxa5wavyasSWqymqKmrGlqupqxZq7ZavYaQWyRWuQWpUVt0Vr0FqPFbLFa7BanxW8JW5KWrKVoKVualq5lbJlbtpa9RRB7pB65R+lRe7QevcfoMXusHrvH6fF7wp6kJ+spesqepqfrGXvmnq1n7xHEAWlAHlAG1AFtQB8wBswBa8AecAb8gXAgGcgGioFyoBnoBsaBeWAb2AcEcUKakCeUCXVCm9AnjAlzwpqwJ5wJfyKcSCayiWKinGgmuolxYp7YJvYJQVyQFuQFZUFd0Bb0BWPBXLAW7AVnwV8IF5KFbKFYKBeahW5hXJgXtoV9QRBXpBV5RVlRV7QVfcVYMVesFXvFWfFXwpVkJVspVsqVZqVbGVfmlW1lXxHEH9IP+YfyQ/2h/dB/GD/MH9YP+4fzw/8R/kh+ZD+KH+WP5kf3Y/wx/9h+7D8E8UA6kA+UA/VAO9APjAPzwDqwD5wD/yA8SA6yg+KgPGgOuoPxYD7YDvYDQTyRTuQT5UQ90U70E+PEPLFO7BPnxD8JT5KT7KQ4KU+ak+5kPJlPtpP9RBAvpAv5QrlQL7QL/cK4MC+sC/vCufAvwovkIrsoLsqL5qK7GC/mi+1ivxDEG+lGvlFu1BvtRr8xbswb68a+cW78m/Amucluipvyprnpbsab+Wa72W8E8UF6kB+UB/VBe9AfjAfzwXqwH5wH/yF8SB6yh+KhfGgeuofxYX7YHvYHQXyRXuQX5UV90V70F+PFfLFe7BfnxX8JX5KX7KV4KV+al+5lfJlftpf95Q+BscTfLH8p2wAAAABJRU5ErkJggg==';

/** The folders and files that every sample backup holds; text is its content, null: a picture. */
const FILES: Readonly<Record<string, string | null>> = {
  'index.php': "<?php\ndefine( 'WP_USE_THEMES', true );\nrequire __DIR__ . '/wp-blog-header.php';\n",
  '.htaccess':
    '# BEGIN WordPress\n<IfModule mod_rewrite.c>\nRewriteEngine On\n</IfModule>\n# END WordPress\n',
  'wp-config.php': "<?php\ndefine( 'DB_NAME', 'wp_client' );\n$table_prefix = 'wp_';\n",
  'robots.txt': 'User-agent: *\nDisallow: /wp-admin/\n',
  'wp-content/plugins/akismet/akismet.php': '<?php\n/*\nPlugin Name: Akismet Anti-spam\nVersion: 5.2\n*/\n',
  'wp-content/plugins/akismet/readme.txt': '=== Akismet ===\nStable tag: 5.2\n<script>alert(1)</script>\n',
  'wp-content/themes/client/style.css':
    '/*\nTheme Name: Client theme\nTemplate: generatepress\nVersion: 1.0\n*/\n',
  'wp-content/uploads/2026/11/opening-hours.png': null,
  'wp-content/uploads/2026/11/メニュー.png': null,
  'wp-includes/version.php': "<?php\n$wp_version = '6.6.2';\n",
};

/** Two files as they were in all but the newest backup, and one that went. */
export const OLD: Readonly<Record<string, string>> = {
  '.htaccess':
    '# BEGIN WordPress\n<IfModule mod_rewrite.c>\nRewriteEngine Off\nRewriteBase /\n</IfModule>\n# END WordPress\n',
  'wp-content/plugins/akismet/readme.txt':
    '=== Akismet ===\nStable tag: 5.1\n<script>alert(0)</script>\n\n== Changelog ==\n',
  'wp-content/plugins/akismet/old.php': '<?php // gone since\n',
};

export function sampleProof(at: number): NonNullable<Backup['proof']> {
  return {
    at,
    files: 4809,
    bytes: 223_477_264,
    database: { kind: 'mysql', how: 'loaded', server: 'MariaDB 10.11.6', tables: 41, rows: 128_440 },
    unproved: [],
  };
}

/** Six backups of a site, newest first. */
export function sampleBackups({ summary }: SampleSite, now: number): Backup[] {
  if (summary.backedUpAt === null) return [];
  return Array.from({ length: 6 }, (_, at) => ({
    id: BackupId.parse(`backup_${summary.site.id.slice(5)}${at}`),
    siteId: summary.site.id,
    siteName: summary.site.name,
    takenAt: (summary.backedUpAt ?? now) - at * 3 * DAY,
    reason: at % 3 === 1 ? 'before-update' : at % 3 === 2 ? 'asked' : 'scheduled',
    files: 4812 - at * 3,
    bytes: 224_395_264 - at * 918_000,
    addedBytes: at === 5 ? 224_395_264 : 2_202_010 + at * 340_000,
    database: 'mariadb',
    moved: at === 2 ? ['wp-content/cache/page.html'] : [],
    unreadable:
      at === 2 ? ['wp-content/uploads/private/contract.pdf', 'wp-content/uploads/Größe\udcff.txt'] : [],
    verifiedAt: at < 2 ? now - DAY : null,
    leftOut:
      at === 0
        ? { paths: ['wp-content/cache'], rules: ['*.mp4'], largerThan: null, files: 12, bytes: 2_415_919_104 }
        : null,
    pin: at === 3 ? { at: now - 9 * DAY, note: 'before the redesign' } : null,
    proof: at === 1 ? sampleProof(now - 2 * DAY) : null,
  }));
}

/** What lies in one folder of a sample backup. */
export function sampleFolder(path: string): BackupEntry[] {
  const prefix = path === '' ? '' : `${path}/`;
  const entries = new Map<string, BackupEntry>();
  for (const [file, text] of Object.entries(FILES)) {
    if (!file.startsWith(prefix)) continue;
    const rest = file.slice(prefix.length);
    const name = rest.split('/')[0] ?? rest;
    const folder = rest.includes('/');
    entries.set(name, {
      name,
      kind: folder ? 'folder' : 'file',
      size: folder ? 0 : sizeOf(text),
      modifiedAt: 1_794_000_000_000,
      mode: folder ? 0o755 : 0o644,
      target: null,
    });
  }
  return [...entries.values()];
}

/** The bytes of one file; null: there is none. */
export function sampleFile(
  path: string,
  backupId: BackupId,
): { base64: string; size: number; truncated: boolean; text: boolean } | null {
  // The newest backup has what the newest has; the ones before it what was there before.
  const content = backupId.endsWith('0') ? FILES[path] : (OLD[path] ?? FILES[path]);
  if (content === undefined) return null;
  const base64 = content === null ? PNG : Buffer.from(content).toString('base64');
  return { base64, size: sizeOf(content), truncated: false, text: content !== null };
}

/** Paths that match a glob with `*` and `?`. */
export function samplePaths(glob: string): { path: string; size: number }[] {
  const pattern = glob
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const matches = new RegExp(`(^|/)${pattern}$`, 'i');
  return Object.entries(FILES)
    .filter(([path]) => matches.test(path))
    .map(([path, text]) => ({ path, size: sizeOf(text) }));
}

function sizeOf(text: string | null): number {
  return text === null ? Buffer.from(PNG, 'base64').length : Buffer.byteLength(text);
}
