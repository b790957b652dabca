import Glibc
import Shepherd

exit(ShepherdProcess.main())
