/** The types that cross to a window, so that the renderer needs nothing but this room. */
export type {
  Backup,
  BackupChange,
  BackupEntry,
  BackupTable,
  Cell,
  Comparison,
  Copy,
  CopyDraft,
  CopyState,
  FileHistory,
  FileVersion,
  FoundFile,
  KeepReason,
  LeaveOutPreview,
  PlaceFound,
  PlaceSecrets,
  PlaceSettings,
  Proof,
  Retention,
  StoreSpace,
  StoreState,
  TableRows,
  WholeCell,
} from '../backups/index.ts';
export type { Update } from '../checks/index.ts';
export type { ConfiguredHost, Trial, UnknownHostKey } from '../connections/index.ts';
export type { HistoryEntry } from '../history/index.ts';
export type { HistoryLine } from './contract.ts';
export type { Component, ComponentKind, Installation, Inventory } from '../platforms/index.ts';
export type { UpdateKind } from '../policies/index.ts';
export type {
  LogLine,
  PageLook,
  PageSeen,
  Run,
  RunDetails,
  RunKind,
  RunState,
  Step,
  StepState,
} from '../runs/index.ts';
export type { KeepRules, Preferences, PreferencesEdit } from '../settings/index.ts';
export type {
  Authentication,
  ConnectionSettings,
  Site,
  SiteDraft,
  SiteEdit,
  SshHop,
} from '../sites/index.ts';
export type {
  Assessment,
  Choice,
  ElsewherePlan,
  Finding,
  RepairChoice,
  RepairComponent,
  RepairFile,
  RepairPlan,
  RollbackPreview,
  UpdatePlan,
} from '../updates/index.ts';
export type { BackupId, ProblemShape, Progress, RemotePath, RunId, SiteId } from '../words/index.ts';
