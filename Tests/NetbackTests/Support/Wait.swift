// SPDX-License-Identifier: BSD-3-Clause
import Foundation

func wait(milliseconds: Int) { usleep(UInt32(milliseconds) * 1000) }
