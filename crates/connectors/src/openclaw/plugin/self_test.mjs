// Loads ClawButler's guard as OpenClaw would and shows that it blocks what nobody judged. Tells nobody, asks nobody.
import { pathToFileURL } from "node:url";

const [path, missing, says] = process.argv.slice(1);
const fail = (why) => {
  console.error(why);
  process.exit(1);
};
const hooks = {};
const quiet = { warn() {} };
try {
  const { default: guard } = await import(pathToFileURL(path));
  // Without a home nothing is announced, and the question reaches no program.
  guard.register({ pluginConfig: { hook: missing, home: "" }, config: {}, logger: quiet, on: (name, run) => (hooks[name] = run) });
} catch (error) {
  fail(`it cannot be loaded: ${error?.message ?? error}`);
}
const gate = hooks.before_tool_call;
if (typeof gate !== "function") fail("it does not hold tool calls");
const call = (toolName, params) => gate({ toolName, params, toolCallId: "self-test" }, { sessionKey: "self-test" });
const blocked = await call("exec", { command: "rm -rf ~" });
if (blocked?.block !== true || !blocked.blockReason) fail(`a call that nobody judged was not blocked: ${JSON.stringify(blocked)}`);
const harmless = await call("sessions_list", {});
if (harmless !== undefined) fail(`a harmless call was blocked: ${JSON.stringify(harmless)}`);
console.log(`${says}Node.js ${process.versions.node}`);
process.exit(0);
