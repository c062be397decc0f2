// The workloads as a Restate service: `node services.mjs PORT PROCESSES`, which share the port. Prints "ready" once.
import cluster from "node:cluster";
import http2 from "node:http2";
import * as restate from "@restatedev/restate-sdk";
import { Agent, request } from "undici";

const [port, processes] = process.argv.slice(2).map(Number);
const dispatcher = new Agent({ pipelining: 1, keepAliveTimeout: 60_000 });

async function call(url) {
  const answer = await request(url, { dispatcher });
  if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}`);
  return answer.body.json();
}

const bench = restate.service({
  name: "bench",
  handlers: {
    /** `steps` calls in sequence. Gives how many answered. */
    calls: async (context, { url, sku, steps }) => {
      const answers = [];
      for (let number = 0; number < steps; number++) {
        answers.push(await context.run(`call${number}`, () => call(`${url}/stock/${sku}`)));
      }
      return answers.filter((answer) => answer.sku === sku).length;
    },
    /** `items` calls, `concurrency` at a time. Gives how many answered. */
    items: async (context, { url, items, concurrency }) => {
      let answered = 0;
      for (let first = 1; first <= items; first += concurrency) {
        const numbers = Array.from({ length: Math.min(concurrency, items - first + 1) }, (_, index) => first + index);
        const answers = await restate.RestatePromise.all(
          numbers.map((number) => context.run(`call${number}`, () => call(`${url}/stock/${number}`))),
        );
        answered += answers.filter((answer, index) => answer.sku === String(numbers[index])).length;
      }
      return answered;
    },
    /** One call that takes a second. Gives 1. */
    slow: async (context, { url }) => {
      await context.run("call", () => call(`${url}/delay/1000`));
      return 1;
    },
    /** `steps` steps, each of which counts one further than the one before it. Gives the last count. */
    counts: async (context, { sku, steps }) => {
      let count = 0;
      for (let number = 0; number < steps; number++) {
        const before = count;
        count = (await context.run(`count${number}`, () => ({ count: before + 1, sku }))).count;
      }
      return count;
    },
  },
});

if (cluster.isPrimary) {
  let listening = 0;
  cluster.on("listening", () => ++listening === processes && console.log("ready"));
  for (let number = 0; number < processes; number++) cluster.fork();
  process.on("SIGTERM", () => process.exit(0)); // the others end when they lose it
} else {
  http2.createServer(restate.createEndpointHandler({ services: [bench], logger: () => {} })).listen(port, "127.0.0.1");
}
