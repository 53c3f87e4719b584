/** One question while the teacher looks at it: what the tabs share. */

import { question as questionOf, questions } from "../api.js";

export class Lesson {
  /** @param changed called with the question when its counts or settings are new. */
  constructor(question, changed) {
    this.question = question;
    this.api = questionOf(question.id);
    this.onChange = changed;
    this.levels = [];
  }

  get maxGrade() {
    return this.question.max_grade;
  }

  async loadDistribution() {
    const distribution = await this.api.distribution();
    this.levels = distribution.levels;
    return distribution;
  }

  /** Ask the service for the question again, because what was done changed its counts. */
  async changed() {
    this.onChange(await questions.get(this.question.id));
  }
}
