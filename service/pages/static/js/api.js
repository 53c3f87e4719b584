/** The service's JSON interface. Every request carries the header that forms and foreign pages cannot send. */

const BASE = "/api/v1";
const HEADERS = { "X-Requested-With": "answergate" };

/** What the service answered instead of doing it: `code` for the program, `message` for people, `field` if one is at fault. */
export class ApiError extends Error {
  constructor(status, { code, message, field, retryAfter }) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field ?? null;
    /** Seconds until it is worth asking again, null when the service did not say. */
    this.retryAfter = retryAfter ?? null;
  }
}

async function send(method, path, options = {}) {
  let response;
  try {
    response = await fetch(BASE + path, {
      method,
      credentials: "same-origin",
      ...options,
      headers: { ...HEADERS, ...options.headers },
    });
  } catch {
    throw new ApiError(0, { code: "unreachable", message: "unreachable" });
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => null);
  const after = Number.parseFloat(response.headers.get("Retry-After"));
  throw new ApiError(response.status, {
    code: "unknown",
    message: response.statusText,
    retryAfter: Number.isFinite(after) ? after : null,
    ...(body?.error ?? {}),
  });
}

async function json(method, path, body, more = {}) {
  const options =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...more } };
  const response = await send(method, path, options);
  return response.status === 204 ? null : response.json();
}

export const session = {
  logIn: (token) => json("POST", "/session", { token }),
  logOut: () => json("DELETE", "/session"),
  me: () => json("GET", "/me"),
};

export const questions = {
  all: () => json("GET", "/questions"),
  make: (question) => json("POST", "/questions", question),
  get: (id) => json("GET", `/questions/${encodeURIComponent(id)}`),
  change: (id, changes) => json("PATCH", `/questions/${encodeURIComponent(id)}`, changes),
  remove: (id) => json("DELETE", `/questions/${encodeURIComponent(id)}`),
};

/** Everything below one question. */
export function question(id) {
  const root = `/questions/${encodeURIComponent(id)}`;
  return {
    graded: () => json("GET", `${root}/graded`),
    addGraded: (answers) => json("POST", `${root}/graded`, { answers }),
    uploadGraded: async (file) => {
      const form = new FormData();
      form.append("file", file);
      return (await send("POST", `${root}/graded/file`, { body: form })).json();
    },
    changeGrade: (answerId, grade) => json("PATCH", `${root}/graded/${answerId}`, { grade }),
    removeGraded: (answerId) => json("DELETE", `${root}/graded/${answerId}`),
    grade: (answers) => json("POST", `${root}/grade`, { answers }),
    /** `key` names the attempt: sent again after a broken connection, it is not counted twice. */
    handIn: (answer, key) => json("POST", `${root}/submissions`, { answer }, { "Idempotency-Key": key }),
    submissions: () => json("GET", `${root}/submissions`),
    gradeSubmission: (submissionId, grade) => json("POST", `${root}/submissions/${submissionId}/grade`, { grade }),
    suggest: (count) => json("GET", `${root}/suggest?count=${count}`),
    distribution: () => json("GET", `${root}/distribution`),
    runSuite: () => json("POST", `${root}/suite`),
    exported: async (format) => (await send("GET", `${root}/export.${format}`)).blob(),
  };
}

export const job = (id) => json("GET", `/jobs/${encodeURIComponent(id)}`);
