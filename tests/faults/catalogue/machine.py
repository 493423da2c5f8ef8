"""The machine: simulators, validator, exchange of programs."""

from __future__ import annotations

from tests.faults.fault import faults_in

ISA = "tests/unit/isa"

MACHINE = (
    *faults_in(
        "isa/opcodes.py",
        (f"{ISA}/test_opcodes.py", f"{ISA}/test_simulator.py"),
        ("cdiv rounds down", "return (a + b - 1) // b", "return a // b"),
        (
            "a shift by 32 is one by 0",
            "return (a << b) & WORD_MASK if b < WORD_BITS else 0",
            "return (a << b % 32) & WORD_MASK",
        ),
        (
            "a right shift by 32 gives the word",
            "return a >> b if b < WORD_BITS else 0",
            "return a >> b if b < WORD_BITS else a",
        ),
        ("comparison with equality", "return 1 if a < b else 0", "return 1 if a <= b else 0"),
        (
            "multiply_add does not wrap",
            "    return (a * b + c) & WORD_MASK",
            "    return a * b + c",
        ),
        ("cdiv does not trap", 'frozenset({"//", "cdiv", "%"})', 'frozenset({"//", "%"})'),
        (
            "an offset is not added",
            "            base += int(slot[operand.offset_operand])",
            "            base += 0 * int(slot[operand.offset_operand])",
        ),
    ),
    *faults_in(
        "isa/decode.py",
        (f"{ISA}/test_simulator.py", "tests/property/test_isa_programs.py"),
        (
            "a bundle of debug slots costs a cycle",
            'any(engine != "debug" for engine in bundle)',
            "any(engine for engine in bundle)",
        ),
        ("one slot too many", "if len(slots) > limit:", "if len(slots) > limit + 1:"),
        (
            "a vector may stick out of scratch",
            "last = self.machine.scratch_words - width",
            "last = self.machine.scratch_words - 1",
        ),
        (
            "load behind the end",
            "        if address >= len(memory):",
            "        if address > len(memory):",
        ),
        (
            "vload behind the end",
            "        if address + vlen > len(memory):",
            "        if address + vlen > len(memory) + 1:",
        ),
        (
            "store behind the end",
            "        if address + width > len(memory):",
            "        if address + width > len(memory) + width:",
        ),
        (
            "select takes the other one",
            "return lambda scratch, memory: scratch[a] if scratch[c] else scratch[b]",
            "return lambda scratch, memory: scratch[b] if scratch[c] else scratch[a]",
        ),
        (
            "vselect takes the other one",
            "        a if c else b for c, a, b in",
            "        b if c else a for c, a, b in",
        ),
        (
            "add_imm does not wrap",
            "(scratch[source] + addend) & WORD_MASK",
            "scratch[source] + addend",
        ),
        (
            "const does not wrap",
            '_int(slot, 2) & WORD_MASK if info.name == "const"',
            '_int(slot, 2) if info.name == "const"',
        ),
        (
            "relative jumps from the bundle itself",
            "next_pc + second if scratch[first] else next_pc",
            "next_pc + second - 1 if scratch[first] else next_pc",
        ),
        (
            "a conditional jump if zero",
            "second if scratch[first] else next_pc\n    return lambda",
            "next_pc if scratch[first] else second\n    return lambda",
        ),
        (
            "double writes in no order",
            "if decoder.negative or len(set(decoder.written)) != len(decoder.written):",
            "if decoder.negative:",
        ),
        (
            "negative words are not seen",
            "                self.negative = True",
            "                self.negative = False",
        ),
        (
            "debug comparisons of one lane only",
            "keys = key if vector and isinstance(key, tuple) else (key,)",
            "keys = key[:1] if vector and isinstance(key, tuple) else (key,)",
        ),
    ),
    *faults_in(
        "isa/simulator.py",
        (f"{ISA}/test_simulator.py", "tests/property/test_isa_programs.py"),
        (
            "the pc is not advanced by a trap's bundle first",
            "            self.cycles += cost\n",
            "            self.cycles += 1\n",
        ),
        (
            "the limit one cycle late",
            "self.cycles + cost > max_cycles:",
            "self.cycles > max_cycles:",
        ),
        (
            "pausing though it is disabled",
            "                if self._pause:\n",
            "                if True:\n",
        ),
        ("halt pauses", 'self.status = "halted"', 'self.status = "paused"'),
        (
            "a memory word of 2^32",
            "if not 0 <= number <= WORD_MASK:",
            "if not 0 <= number <= WORD_MASK + 1:",
        ),
        (
            "a resumed run forgets its cycles",
            "self.cycles = 0 if resume is None else resume.cycles",
            "self.cycles = 0",
        ),
        (
            "flow slots see the state after the bundle",
            "            if controls:\n                self._control(controls)\n            # then write\n            if alu:\n                for word, value in zip(alu_words, alu_values, strict=True):\n                    scratch[word] = value\n",
            "            if alu:\n                for word, value in zip(alu_words, alu_values, strict=True):\n                    scratch[word] = value\n            if controls:\n                self._control(controls)\n",
        ),
    ),
    *faults_in(
        "isa/batch_ops.py",
        (f"{ISA}/test_batch.py", "tests/property/test_isa_programs.py"),
        (
            "cdiv never rounds up",
            "np.add(quotient, quotient * b != a, out)",
            "np.add(quotient, 0, out)",
        ),
        (
            "division checks no lane but the first",
            "        if not divisor.all():",
            "        if not divisor.flat[0]:",
        ),
        (
            "stores behind the end",
            "if int(pointer.max()) + width > len(self.memory):",
            "if int(pointer.min()) + width > len(self.memory):",
        ),
        (
            "swaps without a buffer",
            "            yield waiting.pop(0), False",
            "            yield waiting.pop(0), True",
        ),
        ("later readers are not looked at", "        twice |= once & operation.reads\n", ""),
        (
            "columns outside the mask are stored",
            "self._flat[index[:, mask]] = values[:, mask]",
            "self._flat[index] = values",
        ),
        ("immediates do not wrap", "int(slot[-1]) & WORD_MASK\n", "int(slot[-1]) & 0x7FFFFFFF\n"),
    ),
    *faults_in(
        "isa/batch.py",
        (f"{ISA}/test_batch.py", "tests/property/test_isa_programs.py"),
        (
            "jumps relative to the bundle itself",
            "            target += pc + 1",
            "            target += pc",
        ),
        ("jumps if zero", "targets[row != 0] = target", "targets[row == 0] = target"),
        (
            "the limit one cycle late",
            "trapping |= (used > self.max_cycles) & mask",
            "trapping |= (used > self.max_cycles + 1) & mask",
        ),
        (
            "results outside the mask",
            "np.copyto(target, value, where=mask)",
            "np.copyto(target, value)",
        ),
        (
            "all images at the bundle of the first",
            "mask: Mask = live & (pcs == pc)",
            "mask: Mask = live",
        ),
    ),
    *faults_in(
        "isa/validate.py",
        (f"{ISA}/test_validate.py",),
        (
            "one slot too many",
            "        if len(slots) > limit:\n            message",
            "        if len(slots) > limit + 1:\n            message",
        ),
        (
            "operands are not counted",
            "    if len(operands) != len(info.operands):",
            "    if len(operands) < len(info.operands):",
        ),
        (
            "a bool is an integer",
            "        if type(value) is not wanted_type:",
            "        if not isinstance(value, wanted_type):",
        ),
        (
            "an immediate of 2^32",
            "_IMMEDIATE_MAX: Final = 2**32 - 1",
            "_IMMEDIATE_MAX: Final = 2**32",
        ),
        (
            "an immediate below -2^31",
            "_IMMEDIATE_MIN: Final = -(2**31)",
            "_IMMEDIATE_MIN: Final = -(2**31) - 1",
        ),
        ("only writes are checked", '        ("reads", info.reads(slot, machine.vlen)),\n', ""),
        ("only reads are checked", '        ("writes", info.writes(slot, machine.vlen)),\n', ""),
        (
            "a word behind the end",
            "words.stop > machine.scratch_words:",
            "words.stop > machine.scratch_words + 1:",
        ),
        (
            "a word before the start",
            "if words.start < 0 or words.stop",
            "if words.start < -1 or words.stop",
        ),
        (
            "a jump behind the end",
            "if not 0 <= target <= n_bundles:",
            "if not 0 <= target <= n_bundles + 1:",
        ),
        (
            "a jump before the start",
            "if not 0 <= target <= n_bundles:",
            "if not target <= n_bundles:",
        ),
        (
            "relative jumps from the bundle itself",
            "target = index + 1 + int(value)",
            "target = index + int(value)",
        ),
        (
            "double writes are accepted",
            "        if other != writer:",
            "        if other == writer:",
        ),
        (
            "the last lane is not written",
            "        for word in words:\n            other",
            "        for word in words[:-1] or words:\n            other",
        ),
    ),
    *faults_in(
        "isa/emitted.py",
        (f"{ISA}/test_emitted.py",),
        (
            "a count of 32",
            "count is not None and count >= WORD_BITS",
            "count is not None and count > WORD_BITS",
        ),
        (
            "the word instead of the count",
            "for count in sources[1] if",
            "for count in sources[0] if",
        ),
        (
            "jumps arrive nowhere",
            "            known = {}\n        written",
            "            pass\n        written",
        ),
        (
            "indirect jumps arrive nowhere",
            "found.update(targets or range(len(program.bundles)))",
            "found.update(targets)",
        ),
        (
            "writes are seen in the bundle",
            "                    written.update(zip(words, results, strict=True))\n",
            "                    written.update(zip(words, results, strict=True))\n                    known.update({k: v for k, v in written.items() if v is not None})\n",
        ),
        (
            "forgotten words stay known",
            "                known.pop(word, None)",
            "                pass",
        ),
        (
            "stores of one word only",
            "range(sources[0][0], sources[0][0] + len(sources[1]))",
            "range(sources[0][0], sources[0][0] + 1)",
        ),
        (
            "a zero divisor",
            "traps = info.name in DIVIDING_OPS and words[-1:] == [0]",
            "traps = False",
        ),
    ),
)
