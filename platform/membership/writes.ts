/** A conditional write as one UpdateItem. Rendering is deterministic: a repetition is identical. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { HostRecord, RecordWrite } from "../ports/membership.js";
import {
  attributeNames,
  encodeValue,
  type Field,
  fieldNames,
  type Item,
  keyOf,
} from "./item-codec.js";
import { type Plan, planOf, type RecordChanges, type Requirement } from "./transitions.js";

export interface ConditionalUpdate {
  readonly key: Item;
  readonly condition: string;
  readonly update: string;
  /** Every name is aliased: some are, or may become, reserved words. */
  readonly names: Record<string, string>;
  readonly values: Record<string, AttributeValue>;
}

type Value = NonNullable<HostRecord[Field]>;

export function updateOf(write: RecordWrite): ConditionalUpdate {
  const plan = planOf(write);
  const expressions = new Expressions();
  const condition = conditionOf(plan.requires, expressions);
  const update = updateExpression(plan, write.operation, expressions);
  const { names, values } = expressions;
  return { key: keyOf(write.deployId, write.host), condition, update, names, values };
}

function conditionOf(requires: Requirement | null, expressions: Expressions): string {
  if (requires === null) return `attribute_not_exists(${expressions.key()})`;
  const { states, ...pinned } = requires;
  const alternatives = states.map((state) => expressions.value(state)).join(", ");
  return [
    `${expressions.name("state")} IN (${alternatives})`,
    ...fieldsOf(pinned).map(([field, value]) => {
      return `${expressions.name(field)} = ${expressions.value(value)}`;
    }),
  ].join(" AND ");
}

function updateExpression(plan: Plan, operation: string, expressions: Expressions): string {
  const sets = [
    ...fieldsOf(plan.changes).map(([field, value]) => {
      return `${expressions.name(field)} = ${expressions.value(value)}`;
    }),
    `${expressions.name("operation")} = ${expressions.value(operation)}`,
    `${expressions.name("version")} = ${nextVersion(plan, expressions)}`,
  ];
  const removed = removedFields(plan.changes).map((field) => expressions.name(field));
  const remove = removed.length === 0 ? "" : ` REMOVE ${removed.join(", ")}`;
  return `SET ${sets.join(", ")}${remove}`;
}

function nextVersion(plan: Plan, expressions: Expressions): string {
  const one = expressions.value(1);
  return plan.requires === null ? one : `${expressions.name("version")} + ${one}`;
}

function fieldsOf(record: RecordChanges & { readonly version?: number }): [Field, Value][] {
  return fieldNames.flatMap((field) => {
    const value = field === "operation" ? undefined : record[field];
    return value === undefined || value === null ? [] : [[field, value] satisfies [Field, Value]];
  });
}

function removedFields(changes: RecordChanges): Field[] {
  return fieldNames.filter((field) => {
    return field !== "operation" && field !== "version" && changes[field] === null;
  });
}

/** Hands out aliases; only those that are used may be sent. */
class Expressions {
  readonly names: Record<string, string> = {};
  readonly values: Record<string, AttributeValue> = {};
  #valuesCount = 0;

  key(): string {
    this.names["#PK"] = "PK";
    return "#PK";
  }

  name(field: Field): string {
    const name = attributeNames[field];
    this.names[`#${name}`] = name;
    return `#${name}`;
  }

  value(value: Value): string {
    const alias = `:v${this.#valuesCount}`;
    this.#valuesCount += 1;
    this.values[alias] = encodeValue(value);
    return alias;
  }
}
