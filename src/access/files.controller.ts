import { Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Readable } from 'node:stream';
import { DomainError, Once, onceOf } from '../kernel/index.js';
import { FilesService, MAX_FILE_BYTES } from './files.service.js';
import { Allow, CurrentPrincipal, type AccessRequest } from './guard.js';
import { actorOf, type Principal } from './principal.js';

async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      // What is beyond the limit is read and dropped, so that the answer reaches a sender that reads only when it has sent.
      if (size <= MAX_FILE_BYTES) chunks.push(chunk);
    }
  } catch {
    throw new DomainError(400, 'broken-body', 'the upload ended early');
  }
  if (size > MAX_FILE_BYTES) throw new DomainError(413, 'too-large', `the file is larger than ${MAX_FILE_BYTES} bytes`);
  return Buffer.concat(chunks);
}

@ApiTags('files')
@Controller('v1/files')
export class FilesController {
  constructor(
    @Inject(FilesService) private readonly files: FilesService,
    @Inject(Once) private readonly once: Once,
  ) {}

  /** The bytes of one photo (JPEG, PNG, WebP) or sheet (PDF), up to 8 MB; what they are is read from the bytes. */
  @Post()
  @Allow('operator', 'factory', 'anchor', 'controller', 'warehouse', 'quality', 'finance')
  @ApiConsumes('image/jpeg', 'image/png', 'image/webp', 'application/pdf')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  async upload(@Req() request: AccessRequest, @CurrentPrincipal() principal: Principal): Promise<object> {
    const bytes = await bytesOf(request.body as Readable);
    const kept = await this.files.keep(bytes);
    const file = await this.once.run({ ...onceOf(request, actorOf(principal)), body: kept }, (tx) => this.files.record(tx, principal, { ...kept, size: bytes.length }));
    return { id: file.id, contentType: file.content_type, size: file.size, sha256: file.content, at: file.at };
  }

  @Get(':id')
  @Allow('operator', 'factory', 'anchor', 'controller', 'warehouse', 'quality', 'finance')
  async read(@Param('id') id: string, @CurrentPrincipal() principal: Principal, @Res() reply: FastifyReply): Promise<void> {
    const { file, bytes } = await this.files.read(principal, id);
    await reply
      .header('content-type', file.content_type)
      // Nothing that somebody uploaded runs as a page of ours.
      .header('content-security-policy', "default-src 'none'; sandbox")
      .header('content-disposition', file.content_type === 'application/pdf' ? `attachment; filename="${file.id}.pdf"` : 'inline')
      .header('cache-control', 'private, max-age=86400, immutable')
      .send(bytes);
  }
}
