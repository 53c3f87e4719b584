"""distill trains small students of large graders: soft labels in, a few thousand numbers out, numpy alone to run.

After Latif et al., Knowledge Distillation of LLMs for Automatic Scoring of Science Assessments (arXiv:2312.15842,
2023). `grader.distill.student.Student` is the network, `grader.distill.question.distil` makes one for a question.
"""
