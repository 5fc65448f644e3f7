// exp and log in double precision, by AssemblyScript's own library and not the engine's: the same bits everywhere.
// Takes and gives numbers. Must not know: logits, sampling.

export function exp(x: f64): f64 {
  return Math.exp(x);
}

export function log(x: f64): f64 {
  return Math.log(x);
}
