import { randomBytes } from 'node:crypto'
import { mkdir, open, rm, stat } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { freeBytesAt } from '../disk-room.ts'
import type { Patient } from './doctor.ts'
import type { Finding } from './finding.ts'

const LEAST_NODE = 24
/** Bytes that a segment at work may need on the disk: its queue, Parquet files and blocks; and a model's. */
const LEAST_FREE = 1e9
const GOOD_FREE = 10e9
/** Bytes that are written to see how fast the disk is, and how fast it should be, bytes a second. */
const TRIAL_BYTES = 16 * 1024 * 1024
const GOOD_SPEED = 20e6
/** Bytes of memory: a node takes some 600 MB with shoal-mini, and larger models their size twice. */
const LEAST_MEMORY = 1e9
const GOOD_MEMORY = 2e9

export function checkNode(version: string): Finding {
  const isGood = Number(version.split('.')[0]) >= LEAST_NODE
  return {
    ...{ check: 'node', state: isGood ? 'ok' : 'fail', found: version },
    ...(isGood ? {} : { advice: `install Node ${LEAST_NODE} or newer from https://nodejs.org` }),
  }
}

/** Whether this user alone can read the keys there, and write. */
export async function checkDataDir(dataDir: string): Promise<Finding> {
  const check = 'data'
  const trial = join(dataDir, `.trial-${randomBytes(6).toString('hex')}`)
  try {
    await mkdir(dataDir, { recursive: true })
    const file = await open(trial, 'wx', 0o600)
    await file.close()
    await rm(trial)
  } catch (error) {
    return {
      ...{ check, state: 'fail', found: `can't write in ${dataDir} (${(error as Error).message})` },
      advice: 'let this user write there, or choose another place with --data',
    }
  }
  const key = await stat(join(dataDir, 'identity.key')).catch(() => null)
  if (key && process.platform !== 'win32' && (key.mode & 0o077) !== 0)
    return {
      ...{ check, state: 'warn', found: `others on this machine can read this node's key in ${dataDir}` },
      advice: `chmod 600 ${join(dataDir, 'identity.key')}`,
    }
  return { check, state: 'ok', found: dataDir }
}

/** Space, and how fast it is written to. */
export async function checkDisk({
  dataDir,
  diskBytes,
}: Pick<Patient, 'dataDir' | 'diskBytes'>): Promise<Finding> {
  const check = 'disk'
  const free = await freeBytesAt(dataDir)
  if (free === null) return { check, state: 'unknown', found: 'the system does not tell how much is free' }
  const told = `${gigabytes(free)} free`
  if (free < LEAST_FREE)
    return {
      ...{ check, state: 'fail', found: `${told}, a segment at work may need ${gigabytes(LEAST_FREE)}` },
      advice: 'make room, or choose another disk with --data',
    }
  const speed = await measureSpeed(dataDir)
  const found = speed === null ? told : `${told}, ${Math.round(speed / 1e6)} MB/s`
  if (free < GOOD_FREE)
    return { check, state: 'warn', found, advice: `soon it may be full: ${gigabytes(GOOD_FREE)} are better` }
  if (diskBytes !== null && diskBytes > free)
    return {
      ...{
        check,
        state: 'warn',
        found: `${found}; it may take ${gigabytes(diskBytes)}, which is more than there is`,
      },
      command: `config set disk ${Math.floor(free / 2e9)}GB`,
    }
  if (speed !== null && speed < GOOD_SPEED)
    return {
      check,
      state: 'warn',
      found,
      advice: 'a slow disk holds the work up: choose another with --data',
    }
  return { check, state: 'ok', found }
}

/** @returns bytes a second, as they reach the disk; null where nothing could be written */
async function measureSpeed(dir: string): Promise<number | null> {
  const path = join(dir, `.trial-${randomBytes(6).toString('hex')}`)
  const bytes = randomBytes(TRIAL_BYTES)
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      const started = performance.now()
      await file.write(bytes)
      await file.datasync()
      return (TRIAL_BYTES / (performance.now() - started)) * 1000
    } finally {
      await file.close()
    }
  } catch {
    return null
  } finally {
    await rm(path, { force: true })
  }
}

export function checkMemory(
  total = totalmem(),
  // of a container, which may have less than the machine
  constrained = process.constrainedMemory(),
  available = process.availableMemory(),
): Finding {
  const check = 'memory'
  const most = constrained > 0 ? Math.min(total, constrained) : total
  const found = `${gigabytes(most)}, ${gigabytes(Math.min(most, available))} free`
  if (most < LEAST_MEMORY)
    return { check, state: 'fail', found, advice: `at least ${gigabytes(LEAST_MEMORY)} are needed` }
  if (most < GOOD_MEMORY || available < LEAST_MEMORY)
    return { check, state: 'warn', found, advice: 'end other programs, or give it fewer --threads' }
  return { check, state: 'ok', found }
}

function gigabytes(bytes: number): string {
  return bytes < 9.95e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e9)} GB`
}
