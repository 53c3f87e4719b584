"""A command as a target: answergate eval adversarial --target "command: python examples/targets/json_lines.py"

One line of JSON asks, one line answers, until standard input ends. Any language can do this.
"""

import json
import sys

for line in sys.stdin:
    asked = json.loads(line)
    top = asked["question"]["max_grade"]
    grades = [min(top, len(answer) // 40) for answer in asked["answers"]]
    print(json.dumps({"grades": grades}), flush=True)
