import { SETTINGS } from '../settings.ts'
import { COMMON, type Command } from './command.ts'

const SETTING_NAMES = Object.values(SETTINGS).flatMap((group) => group.map(({ name }) => name))

/** This machine: first run, settings, models, devices, speed. */
export const MACHINE: Readonly<Record<string, Command>> = {
  setup: {
    usage: '',
    describe: 'Ask what this node needs to know. Three questions; the answers go into the config file',
    options: ['config', ...COMMON],
    examples: ['setup'],
    load: () => import('../commands/setup.ts'),
  },
  doctor: {
    usage: '',
    describe: 'Look into all that this node needs. It says what to do where something is amiss',
    options: [
      ...(['campaign', 'contact', 'model', 'precision', 'device', 'threads', 'disk'] as const),
      ...(['listen', 'gateway', 'dashboard', 'local', 'offline', 'config'] as const),
      ...COMMON,
    ],
    examples: ['doctor', 'doctor --json'],
    load: () => import('../commands/doctor.ts'),
  },
  'service install': {
    usage: '',
    describe: 'Have the system run this node. By systemd, launchd or the Task Scheduler, for this user alone',
    options: ['print', 'config', ...COMMON],
    examples: ['service install', 'service install --print'],
    load: () => import('../commands/install-service.ts'),
  },
  'service remove': {
    usage: '',
    describe: 'Stop the service, and have the system forget it',
    options: ['config', ...COMMON],
    examples: ['service remove'],
    load: () => import('../commands/remove-service.ts'),
  },
  'service status': {
    usage: '',
    describe: 'Tell whether the service is installed and runs',
    options: ['config', ...COMMON],
    examples: ['service status'],
    load: () => import('../commands/show-service.ts'),
  },
  config: {
    usage: '',
    describe: 'Show the settings that hold, and where each is from',
    options: [...SETTING_NAMES, 'config', ...COMMON],
    examples: ['config', 'config --json', 'config --threads 2'],
    load: () => import('../commands/config.ts'),
  },
  'config set': {
    usage: '<name> <value>',
    describe: 'Write a setting into the config file. All else in it stays as it is',
    options: ['config', ...COMMON],
    examples: ['config set threads 2', 'config set hours 22-6', 'config set disk 50GB'],
    load: () => import('../commands/set-config.ts'),
  },
  'config unset': {
    usage: '<name>',
    describe: 'Take a setting out of the config file',
    options: ['config', ...COMMON],
    examples: ['config unset hours'],
    load: () => import('../commands/unset-config.ts'),
  },
  completion: {
    usage: '<bash|zsh|fish|powershell>',
    describe:
      "Print what has a shell complete commands, options, files, and CIDs while a node runs here. A line in the shell's own start file takes it up",
    options: [...COMMON],
    examples: [
      'completion bash >> ~/.bashrc',
      'completion zsh >> ~/.zshrc',
      'completion fish > ~/.config/fish/completions/shoal.fish',
      'completion powershell >> $PROFILE',
    ],
    load: () => import('../commands/completion.ts'),
  },
  'gpu install': {
    usage: '<cuda>',
    describe:
      'Fetch what the runtime needs for a GPU of NVIDIA. On Linux, some hundred megabytes, from nuget.org (or NUGET_ENDPOINT). Run again after an interruption, it goes on from there',
    options: [...COMMON],
    examples: ['gpu install cuda'],
    load: () => import('../commands/install-gpu.ts'),
  },
  'bench score': {
    usage: '',
    describe:
      'Measure how many pairs a second each device scores. Beside it the share of what the bare session does with tensors that lie ready',
    options: ['device', 'model', 'precision', 'seconds', 'threads', 'offline', ...COMMON],
    examples: [
      'bench score',
      'bench score --device webgpu',
      'bench score --model openai-vit-b-32 --seconds 20',
    ],
    load: () => import('../commands/bench-score.ts'),
  },
}
