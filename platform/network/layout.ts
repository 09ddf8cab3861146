/**
 * The overlay's layout: 127.64.0.0/10 is cut into 128 blocks of 32,768 addresses. A deployment has
 * one block, for all its life; hosts are numbered from its start, clients (`im run`) from the last
 * quarter. Addresses are IPv4 in host order.
 */
import type { ListenPort } from "../manifest/manifest.js";

export const overlayBase = 0x7f400000;
export const overlayPrefixBits = 10;
export const blockSize = 32_768;
export const blocksMax = 128;
/** Offset 0 is never given out: it names the block. */
export const hostOffsetFirst = 1;
export const clientOffsetFirst = 24_576;
export const clientsMax = blockSize - clientOffsetFirst - 1;
export const hostsMax = clientOffsetFirst - hostOffsetFirst;

export function blockBase(index: number): number {
  return overlayBase + index * blockSize;
}

/** 0x7f40000c → "127.64.0.12". */
export function formatAddress(address: number): string {
  const [second, third] = [(address >>> 16) & 255, (address >>> 8) & 255];
  return `${address >>> 24}.${second}.${third}.${address & 255}`;
}

/** As a manifest has it: 80, "53/udp". */
export function formatPort({ port, protocol }: ListenPort): number | string {
  return protocol === "tcp" ? port : `${port}/${protocol}`;
}

/** "80", "53/udp": tells the ports of a host apart. */
export function portKey(port: ListenPort): string {
  return String(formatPort(port));
}

/** "127.64.0.12" → 0x7f40000c; 0 for anything that is not four numbers. */
export function parseAddress(text: string): number {
  const parts = text.split(".").map(Number);
  if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part <= 255))) return 0;
  return parts.reduce((address, part) => address * 256 + part, 0);
}
