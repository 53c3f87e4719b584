/** Reading what a teacher pastes from a spreadsheet: one answer and one grade a row, tabs, semicolons or commas between. */

import { parseNumber } from "../i18n.js";

/** What is wrong with a row: its number in the pasted text, the field, and the name of the message. */
const problem = (row, field, message) => ({ row, field, message });

/**
 * Rows of a pasted text.
 *
 * The grade is the one column that is a number in (nearly) every row, the last of them if several are; a first row without a number there is
 * a heading and left out.
 *
 * @returns {{answers: {answer: string, grade: number}[], errors: {row: number, field: string, message: string}[]}}
 */
export function readPasted(text, maxGrade) {
  const rows = readTable(text);
  const gradeColumn = findGradeColumn(rows);
  const answers = [];
  const errors = [];
  for (const [place, { line, cells }] of rows.entries()) {
    const written = (cells[gradeColumn] ?? "").trim();
    const answer = cells
      .filter((_, column) => column !== gradeColumn)
      .sort((one, other) => other.length - one.length)[0];
    const grade = parseNumber(written);
    const heading = place === 0 && rows.length > 1 && Number.isNaN(grade) && cells.length > 1;
    if (heading) continue;
    if (cells.length < 2) errors.push(problem(line, "grade", "paste.one_column"));
    else if (Number.isNaN(grade)) errors.push(problem(line, "grade", "paste.no_number"));
    else if (grade > maxGrade) errors.push(problem(line, "grade", "paste.too_high"));
    else if (!answer.trim()) errors.push(problem(line, "answer", "paste.no_answer"));
    else answers.push({ answer: answer.trim(), grade });
  }
  return { answers, errors };
}

function findGradeColumn(rows) {
  const width = Math.max(0, ...rows.map(({ cells }) => cells.length));
  let best = Math.max(0, width - 1);
  let most = 0;
  for (let column = width - 1; column >= 0; column -= 1) {
    const numbers = rows.filter(({ cells }) => !Number.isNaN(parseNumber(cells[column] ?? ""))).length;
    if (numbers > most) [best, most] = [column, numbers];
  }
  return best;
}

/** The cells of every row that is not empty, with the line it begins on. Quoted cells may hold separators and lines. */
function readTable(text) {
  const separator = ["\t", ";", ","].find((candidate) => text.includes(candidate)) ?? "\t";
  const rows = [];
  let [cells, cell, quoted, line, start] = [[], "", false, 1, 1];
  const endRow = () => {
    cells.push(cell);
    if (cells.some((content) => content.trim())) rows.push({ line: start, cells });
    [cells, cell, start] = [[], "", line];
  };
  const source = text.replace(/\r\n?/g, "\n");
  for (let at = 0; at < source.length; at += 1) {
    const character = source[at];
    if (character === "\n") line += 1;
    if (quoted && character === '"' && source[at + 1] === '"') {
      cell += '"';
      at += 1;
    } else if (quoted && character === '"') quoted = false;
    else if (quoted) cell += character;
    else if (character === '"' && cell === "") quoted = true;
    else if (character === separator) {
      cells.push(cell);
      cell = "";
    } else if (character === "\n") endRow();
    else cell += character;
  }
  endRow();
  return rows;
}
