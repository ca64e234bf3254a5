// A mock server never outlives the test that started it: it ends when its standard input closes,
// which the operating system does for a parent that was killed, too. Start it with a piped stdin.
export function endWithParent() {
  process.stdin.resume();
  process.stdin.on("end", () => process.exit(0));
  process.stdin.on("error", () => process.exit(0));
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => process.exit(0));
  }
}

// The one line a test waits for.
export function announce(port) {
  process.stdout.write(`listening http://127.0.0.1:${port}\n`);
}

export function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
