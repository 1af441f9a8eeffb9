/**
 * Sets what onnxruntime reads from the environment when it loads, which only the main thread can still change.
 *
 * onnxruntime 1.30 reports its use to Microsoft unless told not to, from native code that no check of ours sees:
 * it keeps a device's id and a queue in `~/.cache/Microsoft` and uploads it. CUDA's libraries round what they multiply
 * to TF32, 10 bits, on the GPUs that can, which is no fp32 any more.
 */
export function prepareRuntime(): void {
  process.env.ORT_DISABLE_TELEMETRY = '1'
  process.env.NVIDIA_TF32_OVERRIDE = '0'
}
