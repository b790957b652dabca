import CLinux
import Glibc

/// What a file is that execve(2) did not execute, according to the process that tried.
struct FileForm {
  private let form: clinux_file_form
  /// The machine of an ELF file, `e_machine` in elf(5); 0 if unknown.
  private let machine: Int32

  /// Reads it from the code of a failed start; `nil` if the code does not say.
  init?(_ code: Int32) {
    let form = code >> 8 & 0xff
    guard form > 0 else { return nil }
    self.form = clinux_file_form(rawValue: UInt32(form))
    machine = code >> 16 & 0x7fff
  }

  /// Returns why it was not executed, in words for whoever submitted the job; `nil` if the number of the error says more.
  ///
  /// - Parameter number: the errno(3) value: `ENOENT` if the file names something that does not exist.
  func reason(_ number: Int32) -> String? {
    switch form {
    case CLINUX_FORM_ELF where number == ENOENT: "the dynamic loader that it names does not exist on this host"
    case CLINUX_FORM_ELF: elfReason
    case CLINUX_FORM_CR_LF: "its lines end in CR LF, and so does the name of its interpreter; convert them to LF"
    case CLINUX_FORM_INTERPRETER where number == ENOENT: "the interpreter that its first line names does not exist"
    case CLINUX_FORM_INTERPRETER: "its first line names no interpreter that this host can execute"
    case CLINUX_FORM_BYTE_ORDER_MARK: "it begins with a byte order mark, not with #!; save it as UTF-8 without one"
    case CLINUX_FORM_UTF16: "it is text in UTF-16; save it as UTF-8"
    case CLINUX_FORM_BINARY where number == ENOEXEC: "it is neither a program for Linux nor a script"
    case CLINUX_FORM_UNREADABLE where number == ENOEXEC: "it is not a program, and the user may not read it as a script"
    default: nil
    }
  }

  private var elfReason: String {
    guard machine != 0, machine != Self.ofThisHost else { return "the program is damaged" }
    let name = Self.names[machine].map { $0 } ?? "machine \(machine) of elf(5)"
    return "it is a program for another architecture (\(name))"
  }

  private static let names: [Int32: String] = [
    2: "SPARC", 3: "i386", 4: "m68k", 8: "MIPS", 15: "PA-RISC", 20: "PowerPC", 21: "PowerPC 64", 22: "S/390", 40: "ARM",
    43: "SPARC 64", 50: "Itanium", 62: "x86-64", 183: "AArch64", 243: "RISC-V", 258: "LoongArch",
  ]

  #if arch(x86_64)
    private static let ofThisHost: Int32 = 62
  #elseif arch(arm64)
    private static let ofThisHost: Int32 = 183
  #else
    private static let ofThisHost: Int32 = 0
  #endif
}
