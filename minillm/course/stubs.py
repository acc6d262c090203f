"""Write the files that students start from: python -m minillm.course.stubs, after a solution was changed."""

from minillm.course.exercises import read, stub
from minillm.course.outline import FOLDER

if __name__ == "__main__":
    for solution in sorted((FOLDER / "solutions").glob("ex*.py")):
        path = FOLDER / "exercises" / solution.name
        path.write_text(stub(read(solution)), encoding="utf-8", newline="\n")
        print(path)
