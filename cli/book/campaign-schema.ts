// Which JSON Schema has the file of a campaign?
import { type JsonSchema, schemaFile, schemaOf } from '../../spec/protocol/index.js';
import { CampaignFile } from '../campaign/file.js';

/** schemas/campaign-1.schema.json. That the worlds, profiles and releases exist, a schema does not say. */
export const campaignSchema = (): JsonSchema =>
  schemaFile(
    {
      $id: 'campaign-1.schema.json',
      title: 'A campaign, version 1',
      description: 'What is explored, walked, run and looked for: docs/campaigns.md.',
    },
    schemaOf(CampaignFile),
    {},
  );
