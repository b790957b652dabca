import Testing
import Wording

/// Dashes that a word processor made of hyphens are read as hyphens where hyphens were meant.
struct PlainHyphensTests {
  @Test(arguments: [
    (["-L", "-t", "ab"], ["-L", "-t", "ab"]),
    (["–F"], ["-F"]),
    (["—F"], ["-F"]),
    (["––import", "f"], ["--import", "f"]),
    (["-–import"], ["--import"]),
    (["–import=f"], ["--import=f"]),  // two hyphens that became one dash
    (["—import"], ["--import"]),
    (["–If"], ["-If"]),
    (["–", "–1", "–.pem"], ["–", "–1", "–.pem"]),
    (["a–b", "-a–b"], ["a–b", "-a–b"]),
    (["--", "–F"], ["--", "–F"]),
    (["–––x"], ["–––x"]),
  ])
  func arguments(given: [String], read: [String]) {
    #expect(plainHyphens(given, longOptions: ["import"]) == read)
  }
}
