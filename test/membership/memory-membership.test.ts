import { MemoryMembership } from "../../simulator/dynamodb/memory-membership.js";
import { membershipContract } from "./contract.js";

membershipContract(async (records) => new MemoryMembership(records));
