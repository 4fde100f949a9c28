import type { RunContext } from '../../runs/index.ts';
import { joinRemote, type RemotePath } from '../../words/index.ts';
import type { SignOfLife } from '../foreign-run.ts';
import type { Hands } from '../hands.ts';
import { NOT_LOOKED_AT } from '../health.ts';
import { ledgerFrom, openLedger } from '../ledger.ts';
import { deadOwner, type LeftThere } from '../left-there.ts';
import type { RollbackServices } from '../services.ts';
import { reportOfComputer } from '../watchdog-report.ts';
import { signOf } from './lock.ts';
import { operationsOverSftp } from './operations.ts';
import { readStart, withFiles } from './over-sftp.ts';
import { privateFoldersOf } from './private-folder.ts';
import { leaveReport, readReportThere, readTrace, type Trace } from './trace.ts';

/** What was left where nothing but files can be: the journal's plan, the old trees and the dump. */
export async function leftOverSftp(
  services: RollbackServices,
  hands: Hands,
  context: RunContext,
): Promise<LeftThere> {
  const { site } = hands;
  const { privateFolder, owner, alive } = await holderOf(hands);
  const runId = deadOwner(site.name, owner, alive);
  const runFolder = joinRemote(privateFolder, runId);
  const trace = await readTrace(hands, runFolder);
  const report = await readReportThere(hands, runFolder);
  const plan = trace?.plan ?? openLedger(context, site, []).plan;
  const noted = { ...plan, privateFolder, runFolder, holdsUpdaters: true };
  const ledger = ledgerFrom(context, noted);
  const operations = operationsOverSftp(services, { site, hands, context, runId, ledger });
  const part = changedOf(trace);
  const work = async (what: () => Promise<void>) => {
    try {
      const { ours } = await operations.takeUp();
      // Somebody was faster.
      if (!ours) deadOwner(site.name, '', null);
      await what();
    } finally {
      operations.end();
      await operations.withdraw();
    }
    await operations.open();
  };
  const bringBack = async () => {
    await work(async () => {
      // Somebody got so far already.
      if (report?.brought === true) return;
      if (part === null || trace?.undo === undefined || trace.undo === null) return;
      await operations.undo(part);
      await operations.settleCode(NOT_LOOKED_AT);
      await leaveReport(hands, runFolder, reportOfComputer(trace.undo, part.storedDump !== undefined));
    });
    // All but the report.
    await operations.leave(['old', ...operations.leftovers].map((name) => joinRemote(runFolder, name)));
    return part;
  };
  const letGo = async () => {
    await work(async () => {});
    // Trees that were kept are of no use to a computer that knows nothing of them.
    await operations.leave([runFolder]);
  };
  return {
    ...{ privateFolder, runId, parts: noted.parts },
    undo: part === null ? null : bringBack,
    letGo,
  };
}

function changedOf(trace: Trace | null) {
  return trace === null || trace.undo === null ? null : (trace.plan.parts[trace.undo] ?? null);
}

async function holderOf(hands: Hands): Promise<{
  privateFolder: RemotePath;
  owner: string;
  alive: SignOfLife | null;
}> {
  return withFiles(hands, async (files) => {
    const places = await privateFoldersOf(files, hands.site);
    for (const privateFolder of places) {
      const said = await readStart(files, joinRemote(privateFolder, 'lock', 'owner'), 200);
      if (said !== null)
        return {
          privateFolder,
          owner: said.toString('utf8'),
          alive: await signOf(files, privateFolder, hands.signal),
        };
    }
    return {
      privateFolder: places[0] ?? joinRemote(hands.site.root, '.groundskeeper'),
      owner: '',
      alive: null,
    };
  });
}
