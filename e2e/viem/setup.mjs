// What the viem tests share: clients of the chain under test, and the compiled contract.

import { readFileSync } from "node:fs";
import { createPublicClient, createWalletClient, defineChain, http, webSocket } from "viem";
import { privateKeyToAccount } from "viem/accounts";

export const { abi, bytecode } = JSON.parse(readFileSync(process.env.CONTRACT, "utf8"));
export const account = privateKeyToAccount(process.env.KEY);

const transport = http(process.env.RPC_URL);
const id = await createPublicClient({ transport }).getChainId();
const chain = defineChain({
  id,
  name: "Tandem",
  nativeCurrency: { name: "Tandem", symbol: "TDM", decimals: 18 },
  rpcUrls: { default: { http: [process.env.RPC_URL], webSocket: [process.env.WS_URL] } },
});

/** Reads over HTTP. */
export const reader = createPublicClient({ chain, transport, pollingInterval: 200 });

/** Signs and sends over HTTP. */
export const writer = createWalletClient({ account, chain, transport });

/** A client whose watches are subscriptions over a WebSocket. */
export const subscriber = () => createPublicClient({ chain, transport: webSocket(process.env.WS_URL) });

/** Deploys the contract and returns its address. */
export async function deploy() {
  const hash = await writer.deployContract({ abi, bytecode });
  const receipt = await reader.waitForTransactionReceipt({ hash });
  return receipt.contractAddress;
}

/** Calls `add(amount)` in a transaction and returns its receipt. */
export async function add(address, amount) {
  const hash = await writer.writeContract({ address, abi, functionName: "add", args: [amount] });
  return reader.waitForTransactionReceipt({ hash });
}

/** The first value that `start` passes to its callback; an error after `seconds`. */
export function first(what, seconds, start) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no ${what} within ${seconds} s`)), seconds * 1000);
    const found = (value) => {
      clearTimeout(late);
      resolve(value);
    };
    start(found, reject);
  });
}
