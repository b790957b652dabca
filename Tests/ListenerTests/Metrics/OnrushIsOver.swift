import Testing

@testable import Listener

/// Goal: memory is released once after each surge, and not for connections that come and go.
struct OnrushIsOver {
  @Test(arguments: [
    (looks: [0, 10_000, 10_000, 4_999, 4_000, 2_498, 0], over: [3, 5, 6]),
    (looks: [255, 0, 255, 0], over: []),
    (looks: [256, 128, 127, 126], over: [2]),
    (looks: [1_000, 600, 1_000, 500, 900], over: []),
    (looks: [1_000, 0, 1_000, 0], over: [1, 3]),
  ])
  func atTheseLooks(looks: [Int], over: [Int]) {
    var onrush = Onrush()
    #expect(looks.indices.filter { onrush.isOver(open: looks[$0], most: looks[$0]) } == over)
  }

  @Test func alsoOfOneBetweenTwoLooks() {
    var onrush = Onrush()
    #expect([9, 10_000, 3].map { onrush.isOver(open: 3, most: $0) } == [false, true, false])
  }
}
