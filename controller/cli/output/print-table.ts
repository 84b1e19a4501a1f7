import type { Table } from "../api/objects.ts";
import { escapeLine } from "../../escape.ts";
import { joinRow, widthsOf } from "./table.ts";

export interface TableStyle {
  readonly wide: boolean;
  readonly withNamespace: boolean;
  readonly withHeadings: boolean;
  /** put before each name, as `bottle.bot-bottle.dev/` */
  readonly namePrefix: string;
}

/** Prints tables of one kind, one after another, as a watch gives them: columns keep the widths they have had. */
export class TablePrinter {
  readonly #style: TableStyle;
  #widths: number[] = [];
  #columns: readonly { readonly name: string; readonly priority?: number }[] = [];

  constructor(style: TableStyle) {
    this.#style = style;
  }

  /** the text of a table, with headings when it is the first one */
  format(table: Table): string {
    const first = this.#columns.length === 0;
    if (table.columnDefinitions?.length) this.#columns = table.columnDefinitions;
    const rows = (table.rows ?? []).map((row) => this.#rowOf(row));
    const lines = first && this.#style.withHeadings ? [this.#headings(), ...rows] : rows;
    this.#widths = widthsOf([this.#widths.map((width) => " ".repeat(width)), ...lines]);
    return lines.map((line) => `${joinRow(line, this.#widths)}\n`).join("");
  }

  #headings(): string[] {
    const names = this.#select(this.#columns.map(({ name }) => name.toUpperCase()));
    return this.#style.withNamespace ? ["NAMESPACE", ...names] : names;
  }

  #rowOf(row: NonNullable<Table["rows"]>[number]): string[] {
    const cells = this.#select(row.cells.map(textOf));
    cells[0] = this.#style.namePrefix + (cells[0] ?? "");
    return this.#style.withNamespace ? [escapeLine(row.object?.metadata?.namespace ?? ""), ...cells] : cells;
  }

  #select(cells: readonly string[]): string[] {
    return cells.filter((_, index) => this.#style.wide || (this.#columns[index]?.priority ?? 0) === 0);
  }
}

function textOf(cell: unknown): string {
  if (cell === undefined || cell === null || cell === "") return "<none>";
  return escapeLine(typeof cell === "object" ? JSON.stringify(cell) : String(cell));
}
