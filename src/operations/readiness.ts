import { Injectable } from '@nestjs/common';

/** Off while starting and from the first moment of shutting down, so that a load balancer looks elsewhere. */
@Injectable()
export class Readiness {
  ready = false;
}
