import type { LightMyRequestResponse } from 'fastify';
import { API_KEY, type FakeApp } from './fake-app.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** A user of the Cloud Sandbox API with a token. */
export interface CloudUser {
  readonly token: string;
  readonly refreshToken: string;
  readonly authorization: string;
  call(method: Method, url: string, body?: object): Promise<LightMyRequestResponse>;
}

/** Gets tokens for a user with the key. */
export async function asCloudUser(fake: FakeApp, userId: string, key = API_KEY): Promise<CloudUser> {
  const answer = await fake.inject({
    method: 'POST',
    url: '/api/v1/auth/token',
    headers: { 'x-api-key': key },
    payload: { user_id: userId, role: 'user' },
  });
  const { access_token: token, refresh_token: refreshToken } = answer.json();
  const authorization = `Bearer ${token}`;
  const headers = { authorization };
  return {
    ...{ token, refreshToken, authorization },
    call: (method, url, body) =>
      fake.inject({ method, url, headers, ...(body === undefined ? {} : { payload: body }) }),
  };
}
