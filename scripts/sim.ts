/**
 * `npm run -s sim -- claims [--nodes 10000] [--segments 90000] [--seed 1] [--loss 0.05] [--partition 3600]
 * [--churn 0.1] [--json]`: how a campaign is shared out, in virtual time, with the network's faults from a seed.
 *
 * `npm run -s sim -- audit [--shards 4500] [--seed 1] [--json]`: how many forged shards their verifiers find out, and
 * how many escape where some of the nodes collude; so many shards for each figure.
 */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { simulateAudits } from './sim/audit.ts'
import { simulateClaims } from './sim/claims.ts'

const { values, positionals } = read({
  allowPositionals: true,
  options: {
    nodes: { type: 'string', default: '10000' },
    segments: { type: 'string', default: '90000' },
    shards: { type: 'string', default: '4500' },
    seed: { type: 'string', default: '1' },
    loss: { type: 'string', default: '0' },
    partition: { type: 'string', default: '0' },
    churn: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
})
const { json, ...options } = values
const [simulation] = positionals
const seed = number('seed', 0, 2 ** 31 - 1)
if (simulation === 'claims' && positionals.length === 1) {
  const scenario = {
    nodes: number('nodes', 1, 100_000),
    segments: number('segments', 1, 10_000_000),
    seed,
    loss: number('loss', 0, 0.5),
    partition: number('partition', 0, 86_400),
    churn: number('churn', 0, 0.9),
  }
  console.log(JSON.stringify(simulateClaims(scenario, json ? undefined : console.log)))
} else if (simulation === 'audit' && positionals.length === 1) {
  const outcome = simulateAudits({ shards: number('shards', 1, 1_000_000), seed }, console.error)
  console.log(JSON.stringify(outcome))
} else fail(`${positionals.join(' ') || 'nothing'} can't be simulated: take claims or audit`)

function read<const Config extends ParseArgsConfig>(config: Config) {
  try {
    return parseArgs(config)
  } catch (error) {
    return fail((error as Error).message)
  }
}

function number(name: keyof typeof options, min: number, max: number): number {
  const value = Number(options[name])
  const whole = name !== 'loss' && name !== 'churn'
  if (!(value >= min && value <= max) || (whole && !Number.isInteger(value)))
    fail(`--${name} is a ${whole ? 'whole ' : ''}number from ${min} to ${max}`)
  return value
}

function fail(message: string): never {
  console.error(message)
  process.exit(2)
}
