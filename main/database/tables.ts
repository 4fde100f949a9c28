import type { Generated } from 'kysely';

/** Every table of `groundskeeper.db`. JSON columns are parsed by the room that owns them. */
export interface Tables {
  runs: {
    id: string;
    kind: string;
    site_id: string | null;
    site_name: string | null;
    title: string;
    state: string;
    created_at: number;
    started_at: number | null;
    ended_at: number | null;
    /** What this run needs to be finished or undone by another process; JSON. */
    plan: string;
    expected: string;
    summary: string;
    problem: string | null;
    /** Releases that made the site worse; JSON. */
    worsened: string;
  };
  steps: {
    run_id: string;
    seq: number;
    name: string;
    title: string;
    state: string;
    started_at: number;
    ended_at: number | null;
    detail: string;
    /** The pages that it looked at; JSON. */
    seen: string;
    /** What undoes it, written before it acts; JSON. */
    undo: string | null;
  };
  log_lines: { run_id: string; seq: number; at: number; level: string; text: string };
  history: {
    id: Generated<number>;
    at: number;
    site_id: string | null;
    site_name: string | null;
    run_id: string | null;
    kind: string;
    outcome: string;
    summary: string;
    evidence: string | null;
    /** '': from before there were links, and not tied yet. */
    link: string;
  };
  inventories: { site_id: string; inventory: string; read_at: number };
  check_results: { site_id: string; checked_at: number; problem: string | null };
  releases: { site_id: string; updates: string };
  source_answers: {
    question: string;
    answer: string;
    asked_at: number;
    expires_at: number;
    etag: string | null;
  };
  /** What is done by itself, and when it last was. */
  duties: { name: string; done_at: number };
  kept_trees: { run_id: string; site_id: string; kept: string; created_at: number; expires_at: number };
  removed_backups: { backup_id: string; removed_at: number };
}

/** One entry per version of the schema; `user_version` counts how many have been applied. Never edit one that shipped. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE runs (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, site_id TEXT, site_name TEXT, title TEXT NOT NULL, state TEXT NOT NULL,
    created_at INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER,
    plan TEXT NOT NULL, expected TEXT NOT NULL, summary TEXT NOT NULL, problem TEXT,
    worsened TEXT NOT NULL DEFAULT '[]'
  ) STRICT;
  CREATE INDEX runs_by_site ON runs (site_id, created_at);
  CREATE INDEX runs_by_time ON runs (created_at);
  CREATE INDEX runs_unfinished ON runs (state) WHERE state IN ('waiting', 'running', 'interrupted');
  CREATE TABLE steps (
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, seq INTEGER NOT NULL, name TEXT NOT NULL, title TEXT NOT NULL,
    state TEXT NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER, detail TEXT NOT NULL, undo TEXT,
    PRIMARY KEY (run_id, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE log_lines (
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, seq INTEGER NOT NULL, at INTEGER NOT NULL,
    level TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (run_id, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE history (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, site_id TEXT, site_name TEXT, run_id TEXT,
    kind TEXT NOT NULL, outcome TEXT NOT NULL, summary TEXT NOT NULL
  ) STRICT;
  CREATE INDEX history_by_site ON history (site_id, id);
  CREATE TABLE inventories (site_id TEXT PRIMARY KEY, inventory TEXT NOT NULL, read_at INTEGER NOT NULL) STRICT;
  CREATE TABLE check_results (site_id TEXT PRIMARY KEY, checked_at INTEGER NOT NULL, problem TEXT) STRICT;
  CREATE TABLE releases (site_id TEXT PRIMARY KEY, updates TEXT NOT NULL) STRICT;
  CREATE TABLE source_answers (
    question TEXT PRIMARY KEY, answer TEXT NOT NULL, asked_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, etag TEXT
  ) STRICT;
  CREATE TABLE kept_trees (
    run_id TEXT PRIMARY KEY, site_id TEXT NOT NULL, kept TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
  ) STRICT;
  `,
  'CREATE TABLE duties (name TEXT PRIMARY KEY, done_at INTEGER NOT NULL) STRICT',
  `
  CREATE TABLE removed_backups (backup_id TEXT PRIMARY KEY, removed_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE history ADD COLUMN evidence TEXT;
  ALTER TABLE history ADD COLUMN link TEXT NOT NULL DEFAULT '';
  CREATE TRIGGER history_is_not_changed BEFORE UPDATE ON history WHEN old.link <> '' BEGIN
    SELECT RAISE(ABORT, 'the audit trail is only added to');
  END;
  CREATE TRIGGER history_is_not_removed BEFORE DELETE ON history BEGIN
    SELECT RAISE(ABORT, 'the audit trail is only added to');
  END;
  `,
  "ALTER TABLE steps ADD COLUMN seen TEXT NOT NULL DEFAULT '[]'",
];
