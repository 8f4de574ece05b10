// Runs command lines, each from its start but all in this process, and prints what each wrote and its exit code: see `bagsslEach`.
const results = [];
const { exit } = process;
for (const [k, args] of JSON.parse(process.argv[2]).entries()) {
  const result = { code: undefined, stdout: '', stderr: '' };
  process.argv = [process.argv[0], 'dist/cli.js', ...args];
  process.exit = (code) => {
    result.code ??= code;
  };
  const own = { stdout: process.stdout.write, stderr: process.stderr.write };
  for (const name of ['stdout', 'stderr']) {
    process[name].write = (text, done) => {
      result[name] += text;
      done?.();
      return true;
    };
  }
  await import(new URL(`../../dist/cli.js?${k}`, import.meta.url).href);
  for (const name of ['stdout', 'stderr']) process[name].write = own[name];
  results.push(result);
}
process.stdout.write(JSON.stringify(results), () => exit(0));
