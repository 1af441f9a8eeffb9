/**
 * onnxruntime 1.30 reports its use to Microsoft unless told not to, from native code that no check of ours sees:
 * it keeps a device's id and a queue in `~/.cache/Microsoft` and uploads it. It reads the environment when it
 * loads, which only the main thread can still change.
 */
export function silenceRuntime(): void {
  process.env.ORT_DISABLE_TELEMETRY = '1'
}
